"""Country codes."""

from kit.countries import COUNTRIES


class TestCountries:
    def test_are_those_of_iso_3166(self):
        assert len(COUNTRIES) == 249
        assert {"DE", "GB", "US", "TW", "PS", "SS", "AX", "BQ", "UM", "AQ"} <= COUNTRIES
        assert COUNTRIES.isdisjoint({"ZZ", "EU", "UK", "UN", "XK", "AN", "SU", "AA"})
