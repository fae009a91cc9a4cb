"""Words and phrases of the former dialect, and what to say instead."""

DIALECT = {
    "shall": "say what happens, or `must`",
    "lest": "say `so that … not`",
    "who(?:m)?ever": "name the person or the process",
    "(?:of|for|to) (?:one's|its|their) own": "say `own`, `private` or `separate`, or leave it out",
    r"those (?:that|who|which)": "use a noun",
    "an?ew": "say `again`",
    r"mend(?:s|ed|ing)?": "say `fix`",
    r"laps(?:e|es|ed|ing)": "say `expire`",
    r"turn(?:s|ed)? back": "say `compensate`",
    r"g(?:ive|ives|ave|iven) back": "say `refund` or `return`",
    "so many": "name the number",
    r"foret(?:ell|old)": "say `predict`",
    r"amiss": "say `wrong`",
    r"beca?o?mes? of": "say `the result of`",
    r"(?:no|any) good|good (?:any|no) (?:more|longer)": "say `invalid` or `expired`",
    r"come(?:s)? to rest": "say `becomes idle`",
    r"(?:never|as nobody's) (?:was|were)": "say `does not exist`",
    r"(?<!dead )letters": "say `mails` or `dead letters`",
    r"(?:un)?hear(?:s|d)?": "say `receive` or `process`",
    r"told|tell(?:s|ing)?": "say `show`, `report`, `notify` or `record`",
    r"lanes?|lots?": "say `priority` or `queue`",
    r"brakes?|patience|patiently": "say `rate limit`, `retry` or `timeout`",
    r"nursery|foster(?:ed)?|tether|obituary|mourn(?:ed)?": "use the operating system's word",
    r"the wall|house": "say `row-level security` or `project`",
    r"shel(?:f|ves)": "say `stock level`",
    r"\w+_over": "say `expired` or `ended`",
    r"(?:found|offer|keep|forget|make|count)_\w+": "say `create`, `delete` or `set`",
    r"\w+_so|not_yours_\w+|forgetful|other_than_declared": "say what is wrong",
    r"orders? (?:is|are|was|were|ha(?:s|ve) been) (?:un)?done|undone because": "say `paid`, `failed` or `cancelled`",
    r"canceled": "say `cancelled`",
}
"""Words and phrases that no public string may contain, and what to say instead."""

_UNCLEAR = ("shall", "lest", "who(?:m)?ever", "(?:of|for|to) (?:one's|its|their) own", "an?ew", "so many")
UNCLEAR = {phrase: DIALECT[phrase] for phrase in _UNCLEAR}
"""The part of DIALECT that no source file and no document may contain."""
