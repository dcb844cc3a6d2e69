"""How each cockpit is made to do the same thing: its keys, and how a person sees on the screen that it is done."""
# A list in which only this pod is left, whatever the frame around it looks like.
ONE = "app-07-00042"
ONLY_ONE = rf"(?s)\A(?!.*app-\d\d-(?!00042)\d{{5}}).*{ONE}"
MANY = r"(?s)(app-\d\d-\d{5}.*){10}"


class Recipe:
    """The command line on a cluster, and keys by deed. `back` goes back to where a deed began."""

    def __init__(self, name, command, readonly, **deeds):
        self.name, self.command, self.readonly = name, command, readonly
        self.deeds = deeds

    def on(self, kubeconfig, *words):
        return [*self.command, "--kubeconfig", kubeconfig, *words]


def brink(command):
    return Recipe(
        "brink", command, ["--readonly"],
        everywhere=["-A"],
        down="j", page="\x06",
        filter=(f"/{ONE}\r", ONLY_ONE), unfilter=("\x1b", MANY),
        describe=("d", r"(?m)Name: +app-"), yaml=("y", r"(?m)apiVersion: v1"), back=("\x1b", MANY),
        kind=lambda kind, row: (f":{kind}\r", row), pods=(":pods all\r", MANY),
        logs="l",
        context=lambda name, row: (f":ctx {name}\r", row),
    )


def k9s(command):
    return Recipe(
        "k9s", command, ["--readonly", "--logoless"],
        everywhere=["-A", "-c", "pods"],
        down="j", page="\x06",
        filter=(f"/{ONE}\r", ONLY_ONE), unfilter=("\x1b", MANY),
        describe=("d", r"(?m)Name: +app-"), yaml=("y", r"(?m)apiVersion: v1"), back=("\x1b", MANY),
        kind=lambda kind, row: (f":{kind} all\r", row), pods=(":pods all\r", MANY),
        logs="l",
        context=lambda name, row: (f":ctx {name}\r", row),
    )
