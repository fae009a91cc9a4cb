"""The blueprint every area uses."""

import flask_smorest

from api.parser import Parser


class Blueprint(flask_smorest.Blueprint):
    """A flask-smorest blueprint that reads requests strictly."""

    ARGUMENTS_PARSER = Parser()
