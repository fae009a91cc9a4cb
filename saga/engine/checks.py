"""Rules about the journal of sagas."""

from kit.checks import Check

CHECKS = (
    Check(
        "every open saga can be processed",
        """
        SELECT 'saga ' || s.id || ' of ' || s.subject_id || ' is ' || s.state || ' and could not be processed: '
            || (last.detail->>'code')
        FROM sagas s CROSS JOIN LATERAL (
            SELECT event, detail FROM saga_history(s.id)
            WHERE event NOT IN ('resent', 'incident') ORDER BY number DESC LIMIT 1
        ) AS last
        WHERE s.ended_at IS NULL AND last.event = 'faulted'""",
    ),
    Check(
        "all steps of an undone saga are undone",
        """
        SELECT 'saga ' || s.id || ' is undone, its step ' || t.step || ' is ' || t.state
        FROM sagas s JOIN saga_steps t ON t.saga_id = s.id
        WHERE s.state = 'undone' AND t.state NOT IN ('pending', 'undone', 'skipped') AND t.step NOT LIKE '%.%'""",
    ),
    Check(
        "at most one saga changes an order, or any other target, at a time",
        """
        SELECT 'sagas ' || string_agg(name || ' ' || id, ' and ' ORDER BY id) || ' are open about ' || target
        FROM (
            SELECT s.id, s.name, coalesce(s.target_id, s.subject_id) AS target FROM sagas s
            WHERE s.state IN ('running', 'waiting', 'compensating') OR s.state = 'stuck' AND EXISTS (
                SELECT FROM incidents i WHERE i.saga_id = s.id AND i.resolved_at IS NULL AND i.phase <> 'finishing')
        ) holding
        GROUP BY target HAVING count(*) > 1""",
    ),
    Check(
        "every queued saga waits for an open one",
        """
        SELECT 'saga ' || q.name || ' of ' || q.subject_id || ' is queued behind saga ' || q.after_saga_id
            || ', which is ' || coalesce(s.state, 'gone')
        FROM queued_sagas q LEFT JOIN sagas s ON s.id = q.after_saga_id
        WHERE q.overdue_since IS NULL AND (s.id IS NULL OR s.state IN ('done', 'undone', 'finishing'))""",
    ),
    Check(
        "a saga is waiting where one of its waits is",
        """
        SELECT 'saga ' || s.id || ' is ' || s.state || ', and ' || count(t.step) || ' of its waits are waiting'
        FROM sagas s LEFT JOIN saga_steps t ON t.saga_id = s.id AND t.state = 'waiting'
        WHERE s.state <> 'stuck'
        GROUP BY s.id HAVING count(t.step) <> CASE s.state WHEN 'waiting' THEN 1 ELSE 0 END""",
    ),
    Check(
        "no saga waits past its expiry",
        """
        SELECT 'saga ' || id || ' is waiting, and its wait expired at ' || due_at
        FROM sagas WHERE state = 'waiting' AND due_at < now() - interval '60 seconds'""",
    ),
    Check(
        "every signal belongs to a wait of its saga",
        """
        SELECT 'signal ' || g.signal || ' of saga ' || g.saga_id || ' belongs to none of its waits'
        FROM saga_signals g LEFT JOIN saga_steps t ON (t.saga_id, t.step) = (g.saga_id, g.signal)
        WHERE t.step IS NULL""",
    ),
    Check(
        "the outcome of a wait is the signal that was accepted",
        """
        SELECT 'saga ' || coalesce(t.saga_id, g.saga_id) || ' took ' || coalesce(t.outcome::text, 'nothing')
            || ' for ' || coalesce(t.step, g.signal) || ', and accepted ' || coalesce(g.payload::text, 'nothing')
        FROM (SELECT * FROM saga_steps WHERE step LIKE '%.%' AND outcome IS NOT NULL) t
        FULL JOIN (SELECT * FROM saga_signals WHERE result = 'accepted') g
            ON (g.saga_id, g.signal) = (t.saga_id, t.step)
        WHERE t.outcome IS DISTINCT FROM g.payload""",
    ),
    Check(
        "every saga has ended, or waits for a signal",
        """
        SELECT 'saga ' || id || ' (' || name || ' of ' || subject_id || ') is ' || state
        FROM sagas WHERE ended_at IS NULL AND state <> 'waiting'""",
        at_rest=True,
    ),
    Check(
        "no incident is open",
        """
        SELECT 'incident ' || id || ': ' || step || ' of saga ' || saga_id FROM incidents WHERE resolved_at IS NULL""",
        at_rest=True,
    ),
)
