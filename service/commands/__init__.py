"""The commands of `paperwire`, one module each, imported when it is called.

Each module holds a typer application called `app`; `service.cli` names it in its table. Modules keep
their heavy imports inside functions, so that help and usage errors come at once. Only here, and only
inside functions, may `training` be imported.
"""
