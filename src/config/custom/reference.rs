//! What the sections may hold, for the reference in `docs/config.md`.

/// A section: its head, what it is for, its keys with an example and a meaning.
pub type Section = (&'static str, &'static str, &'static [(&'static str, &'static str, &'static str)]);

/// All of them.
pub const SECTIONS: [Section; 6] = [
    (
        "[aliases]",
        "Short names for command lines, which may name other aliases. Words typed after one are appended.",
        &[("NAME", "\"pods shop\"", "the command line it stands for")],
    ),
    (
        "[[hotkeys]]",
        "Keys for command lines, in the panes.",
        &[
            ("key", "\"f5\"", "the key or sequence, as in a keymap; never one of `abort`"),
            ("command", "\"pods $NAMESPACE\"", "the command line; variables as in plugins"),
            ("description", "\"pods here\"", "what stands beside the key; the command when absent"),
            ("override", "true", "take a key that the keymap has bound"),
        ],
    ),
    (
        "[[plugins]]",
        "Programs of this machine, started on the object under the cursor. No shell reads the command. A variable is one \
         argument, whatever it holds: `$RESOURCE_GROUP`, `$RESOURCE_VERSION`, `$RESOURCE_NAME`, `$NAMESPACE`, `$NAME`, \
         `$CONTAINER`, `$POD`, `$FILTER`, `$KUBECONFIG`, `$CLUSTER`, `$CONTEXT`, `$USER`, `$GROUPS`, `$COL-TITLE` of a column, \
         `$INPUT_NAME` of a field; also `${NAME}`, and `$!NAME` for the opposite of true and false. In the text of `bash -c` \
         a value is quoted for the place where it stands, and refused where the quotes cannot be told.",
        &[
            ("name", "\"debug\"", "what it is called"),
            ("key", "\"shift-d\"", "the key or sequence, as in a keymap; never one of `abort`"),
            ("description", "\"debug container\"", "what stands beside the key; the name when absent"),
            ("scopes", "[\"pods\"]", "the kinds it works on, as a command line names them; `all` is every one"),
            ("command", "\"kubectl\"", "the program"),
            ("args", "[\"debug\", \"$NAME\", \"-n\", \"$NAMESPACE\"]", "its arguments"),
            ("pipes", "[\"jq .status\"]", "commands its output goes through"),
            ("background", "true", "run without leaving the cockpit, and tell how it ended"),
            ("overwrite-output", "true", "in the background: tell the first line it wrote"),
            ("confirm", "true", "show the whole command before; the usual with `inputs`"),
            ("dangerous", "true", "refused with --readonly, and asked for by the context's name in production"),
            (
                "inputs",
                "[{ name = \"image\", label = \"Image\", required = true }]",
                "fields of a form that asks before",
            ),
            ("override", "true", "take a key that the keymap has bound"),
        ],
    ),
    (
        "[views.\"KIND\"]",
        "Columns of a kind, `KIND@PATTERN` for namespaces of a form. A column is `NAME[:EXPRESSION][|FLAGS]`: without an \
         expression it is the table's own, else kubectl's JSONPath, or jq where two or more `|` stand in it. Flags: `T` a time, \
         `N` a number, `W` wide, `S` always shown, `H` hidden, `L` left, `R` right.",
        &[
            ("columns", "[\"NAME\", \"NODE:.spec.nodeName|W\"]", "the columns, in order"),
            ("sort", "\"NODE:desc\"", "the order of the rows"),
        ],
    ),
    (
        "[jumps.\"KIND\"]",
        "Where `enter` leads from an object of a kind. `{{.spec.x}}` is filled from the object.",
        &[
            ("to", "\"pods\"", "the kind it leads to"),
            ("labels", "\"app={{.spec.app}}\"", "which objects, by labels"),
            ("fields", "\"spec.nodeName={{.metadata.name}}\"", "which objects, by fields"),
            ("namespace", "\"{{.spec.namespace}}\"", "where; that of the object when absent, `all` for every one"),
        ],
    ),
    (
        "[saved.\"NAME\"]",
        "Tables as they were seen. `:save NAME` writes one, `:view NAME` shows it, `:view delete NAME` forgets it.",
        &[
            ("kind", "\"deployments.apps\"", "the kind, as a command line names it"),
            ("namespace", "\"shop\"", "where; that which is shown when absent, `*` for all"),
            ("filter", "\"!Running\"", "as it is typed after `/`"),
            ("labels", "\"app=web\"", "only objects with these labels"),
            ("sort", "\"AGE:desc\"", "the order of the rows"),
            ("wide", "true", "also the columns that the server holds for secondary"),
        ],
    ),
];
