//! The one table of commands: what a key, a hint, the help and a keymap file may name.
//!
//! A command is a closed enum without arguments; arguments come from the cursor, or from the command line
//! ([`super::line`]). Default keys stand in `keymaps/default.toml`, and only there.

use std::fmt;

/// Where a command means something. Contexts chain: the innermost is asked first, then outwards to `Global`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere, text fields aside.
    Global,
    /// Every table.
    Table,
    /// A table of objects of any kind.
    Objects,
    /// A tree of what hangs together.
    Xray,
    /// The tiles of how the cluster is.
    Pulses,
    /// The pods table.
    Pods,
    /// The routes table.
    Routes,
    /// The mesh pane.
    Mesh,
    /// The service graph of the mesh pane.
    Graph,
    /// The faults pane.
    Faults,
    /// The conversation with the agent.
    Agent,
    /// A text viewer (describe, YAML, logs, help).
    Viewer,
    /// The log viewer.
    Logs,
    /// A list to pick from.
    Picker,
    /// The forwarded ports.
    Forwards,
    /// The fault form.
    Form,
    /// The preview.
    Preview,
    /// A running script that waits for a person: asked before all others, text fields aside.
    Script,
    /// Any text field: printable keys are text here, so only other keys can be bound.
    Input,
}

impl Context {
    /// All contexts, in the order of the help.
    pub const ALL: [Self; 19] = [
        Self::Global,
        Self::Table,
        Self::Objects,
        Self::Xray,
        Self::Pulses,
        Self::Pods,
        Self::Routes,
        Self::Mesh,
        Self::Graph,
        Self::Faults,
        Self::Agent,
        Self::Viewer,
        Self::Logs,
        Self::Picker,
        Self::Forwards,
        Self::Form,
        Self::Preview,
        Self::Script,
        Self::Input,
    ];

    /// The name of its table in a keymap file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Table => "table",
            Self::Objects => "objects",
            Self::Xray => "xray",
            Self::Pulses => "pulses",
            Self::Pods => "pods",
            Self::Routes => "routes",
            Self::Mesh => "mesh",
            Self::Graph => "graph",
            Self::Faults => "faults",
            Self::Agent => "agent",
            Self::Viewer => "viewer",
            Self::Logs => "logs",
            Self::Picker => "picker",
            Self::Forwards => "forwards",
            Self::Form => "form",
            Self::Preview => "preview",
            Self::Script => "script",
            Self::Input => "input",
        }
    }

    /// Contexts that are asked after this one, from near to far. Key conflicts are looked for along this path.
    pub fn outer(self) -> &'static [Self] {
        match self {
            Self::Global | Self::Input | Self::Script => &[],
            Self::Objects | Self::Xray | Self::Pulses | Self::Pods | Self::Routes | Self::Mesh | Self::Faults => {
                &[Self::Table, Self::Global]
            }
            Self::Graph => &[Self::Mesh, Self::Table, Self::Global],
            Self::Logs => &[Self::Viewer, Self::Global],
            Self::Forwards => &[Self::Picker, Self::Global],
            Self::Agent | Self::Table | Self::Viewer | Self::Picker | Self::Form | Self::Preview => &[Self::Global],
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// The command.
    pub command: Command,
    /// Its name in keymap files.
    pub name: &'static str,
    /// Where it belongs; it may be bound in narrower contexts too.
    pub context: Context,
    /// The word beside its key in the hint line.
    pub hint: &'static str,
    /// One sentence for the help.
    pub doc: &'static str,
}

macro_rules! commands {
    ($($variant:ident $name:literal $context:ident $hint:literal $doc:literal)*) => {
        /// What a person can ask for with a key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Command {
            $(#[doc = $doc] $variant,)*
        }

        /// Every command, in the order of the help.
        pub const COMMANDS: &[Spec] = &[
            $(Spec {
                command: Command::$variant,
                name: $name,
                context: Context::$context,
                hint: $hint,
                doc: $doc,
            },)*
        ];
    };
}

commands! {
    Abort "abort" Global "abort" "Abort the live fault; twice within a second stops all faults and allows no new one."
    StopAll "stop_all" Global "stop all" "Undo every fault of yours and allow no new one until `:release REASON`."
    StopEveryone "stop_everyone" Global "stop everyone's" "While the emergency stop is on: undo the faults of others too."
    Quit "quit" Global "quit" "Leave brink; live faults are undone first by their guardian."
    Demo "demo" Global "demo" "Where no cluster is reached: leave, and open the one that lives inside brink."
    Back "back" Global "back" "Close what is open, clear the filter, leave the zoom."
    Leave "leave" Global "leave" "Go back; from the panes, leave brink."
    Help "help" Global "help" "Show every key that works here."
    CommandLine "command_line" Global "command" "Type a command: any kind, as in `deploy shop /web -l app=web @context`; mesh, faults, ns NAME, ctx NAME, q."
    Suspend "suspend" Global "suspend" "Give the terminal back to the shell; `fg` returns."
    Redraw "redraw" Global "redraw" "Draw the whole screen anew."
    Present "present" Global "present" "Show it to a hall, or no longer: high contrast, one thing in the light, and the keys pressed."
    NextPane "next_pane" Global "pane" "Focus the next pane."
    PreviousPane "previous_pane" Global "pane back" "Focus the previous pane."
    LastPane "last_pane" Global "last pane" "Go back to the pane that had the focus before."
    Zoom "zoom" Global "zoom" "Show the focused pane alone, or all panes again."
    ShowPods "show_pods" Global "pods" "Focus the pods."
    ShowRoutes "show_routes" Global "routes" "Focus the routes."
    ShowMesh "show_mesh" Global "mesh" "Focus the mesh."
    ShowFaults "show_faults" Global "faults" "Focus the faults."
    ShowAgent "show_agent" Global "agent" "Focus the conversation with the agent."
    Explain "explain" Global "explain" "Ask the agent about what is under the cursor or on the screen; what is shown goes along."
    Namespaces "namespaces" Global "namespace" "Pick a namespace."
    AllNamespaces "all_namespaces" Global "all namespaces" "Show all namespaces."
    Forwards "forwards" Global "forwarded ports" "Show the forwarded ports."
    Pulses "pulses" Global "pulses" "Show how the cluster is: what is well and what is not of each kind, what nodes use, the requests, with trends."
    Contexts "contexts" Global "context" "Pick another cluster of the kubeconfig."
    Split "split" Global "two sides" "Look at another cluster beside this one, or close it; nothing is changed from that side."
    TakeOver "take_over" Global "take over" "Make the context of the far side the cockpit's own."
    Up "up" Table "up" "Move up."
    Down "down" Table "down" "Move down."
    First "first" Table "first" "Go to the first row."
    Last "last" Table "last" "Go to the last row."
    PageUp "page_up" Table "page up" "Move one page up."
    PageDown "page_down" Table "page down" "Move one page down."
    Left "left" Viewer "left" "Move left."
    Right "right" Viewer "right" "Move right."
    Filter "filter" Table "filter" "Filter the rows: a regular expression, `!` to invert, `-f abc` for letters in order, `-l k=v` for labels."
    SortName "sort_name" Table "by name" "Sort by name; again to reverse."
    SortAge "sort_age" Table "by age" "Sort by age; again to reverse."
    SortStatus "sort_status" Table "by status" "Sort by status; again to reverse."
    SortNamespace "sort_namespace" Table "by namespace" "Sort by namespace; again to reverse."
    SortReady "sort_ready" Pods "by ready" "Sort by readiness; again to reverse."
    SortRestarts "sort_restarts" Pods "by restarts" "Sort by restarts; again to reverse."
    SortLeft "sort_left" Table "sort left" "Sort by the column to the left."
    SortRight "sort_right" Table "sort right" "Sort by the column to the right."
    SortReverse "sort_reverse" Table "reverse" "Reverse the order."
    Mark "mark" Table "mark" "Mark the row under the cursor, or take its mark off; actions are then about all marked rows."
    MarkRange "mark_range" Table "mark range" "Mark the rows from the one marked last to the cursor."
    ClearMarks "clear_marks" Table "clear marks" "Take all marks off."
    Open "open" Table "open" "Open what is under the cursor."
    Describe "describe" Table "describe" "Describe the object under the cursor, with its events."
    Yaml "yaml" Table "yaml" "Show the object under the cursor as YAML."
    EditObject "edit_object" Table "edit" "Edit the object under the cursor in your editor; the change is previewed and kept."
    CopyName "copy_name" Table "copy" "Copy the object's name to the clipboard of your terminal."
    CopyNamespace "copy_namespace" Table "copy namespace" "Copy the object's namespace to the clipboard of your terminal."
    WarpNamespace "warp_namespace" Table "warp" "Go to the namespace of the object under the cursor."
    Wide "wide" Objects "wide" "Show also the columns that the server holds for secondary, or hide them."
    GoOwner "go_owner" Table "owner" "Go to the controller that owns the object under the cursor."
    Xray "xray" Table "xray" "Show the tree of what hangs together with the object under the cursor: owners, what it owns, selects, mounts and routes to."
    Events "events" Table "events" "Show the events about the object under the cursor."
    Fold "fold" Xray "fold" "Open the branch under the cursor, or shut it."
    FoldAll "fold_all" Xray "fold all" "Open all branches, or shut them."
    NewFault "new_fault" Table "fault" "Choose a fault for the object under the cursor."
    Actions "actions" Table "actions" "Choose what to do to the object under the cursor: scale, restart, drain, delete and the like."
    Scale "scale" Table "scale" "Scale the workload under the cursor; previewed and kept."
    Restart "restart" Table "restart" "Restart the workload under the cursor: new pods of the same template; previewed and kept."
    Rollback "rollback" Table "roll back" "Roll the workload under the cursor back to an earlier revision; previewed and kept."
    SuspendCron "suspend_cron" Table "suspend jobs" "Suspend the CronJob under the cursor; previewed and kept."
    ResumeCron "resume_cron" Table "resume jobs" "Resume the CronJob under the cursor; previewed and kept."
    Trigger "trigger" Table "trigger" "Make one job of the CronJob under the cursor now; previewed."
    Cordon "cordon" Table "cordon" "Keep new pods off the node under the cursor; previewed and kept."
    Uncordon "uncordon" Table "uncordon" "Let new pods start on the node under the cursor again; previewed and kept."
    Drain "drain" Table "drain" "Cordon the node under the cursor and evict its pods, as their budgets allow; previewed."
    Label "label" Table "label" "Set or take off labels of the object under the cursor; previewed and kept."
    Annotate "annotate" Table "annotate" "Set or take off annotations of the object under the cursor; previewed and kept."
    DeleteObject "delete_object" Table "delete object" "Delete the object under the cursor; previewed, with what goes along."
    AskRoutes "ask_routes" Routes "who takes it" "Type a request and see which route takes it, and why the others do not."
    Charts "charts" Mesh "charts" "Show the figures of the workload under the cursor over time, with the faults of that time."
    Logs "logs" Pods "logs" "Follow the logs of the pod under the cursor."
    LogsPrevious "logs_previous" Pods "previous" "Show the logs of the container's previous run."
    KillPod "kill_pod" Pods "kill" "Delete the pod under the cursor without its grace period; previewed."
    Shell "shell" Pods "shell" "Open a shell in the pod under the cursor."
    Attach "attach" Pods "attach" "Attach the terminal to the program of the pod under the cursor."
    ForwardPort "forward_port" Table "forward" "Forward a port of this machine to what is under the cursor."
    SetImage "set_image" Pods "image" "Correct an image of the workload of the pod under the cursor; previewed and kept."
    Graph "graph" Mesh "graph" "Show the service graph, or the table again."
    GraphFocus "graph_focus" Graph "only this" "Show only whom the node under the cursor calls and who calls it, or all again."
    GraphSize "graph_size" Graph "size" "Draw the nodes smaller, and from the smallest on large again."
    GraphLayout "graph_layout" Graph "lay out" "Lay the graph out anew, in the size that fits."
    Search "search" Viewer "search" "Search in the text."
    NextMatch "next_match" Viewer "next" "Go to the next match."
    PreviousMatch "previous_match" Viewer "previous" "Go to the previous match."
    Wrap "wrap" Viewer "wrap" "Wrap long lines, or cut them."
    CopyText "copy_text" Viewer "copy" "Copy the whole text to the clipboard of your terminal."
    Refetch "refetch" Viewer "again" "Ask the cluster again."
    ManagedFields "managed_fields" Viewer "managed" "Show or hide managedFields."
    Follow "follow" Logs "follow" "Follow new lines, or stand still."
    Container "container" Logs "container" "Show the logs of another container of the pod."
    Since "since" Logs "since" "Ask for the log further back: the last lines, 1m, 5m, 15m, 30m, 1h, all of it."
    Timestamps "timestamps" Logs "times" "Show or hide the time before each line."
    Previous "previous_run" Logs "previous run" "Switch between this run of the container and the one before."
    ClearLog "clear_log" Logs "clear" "Forget the lines shown so far."
    AllContainers "all_containers" Logs "all containers" "Show the logs of all containers, or of one."
    LogFilter "log_filter" Logs "filter" "Show only lines that match a regular expression, `!` for those that do not, `jq EXPRESSION` for JSON lines."
    Readable "readable" Logs "readable" "Show JSON lines as words, or as they stand."
    SaveText "save_text" Logs "save" "Save the lines that are shown to a file."
    Choose "choose" Picker "choose" "Take what is under the cursor."
    EndForward "end_forward" Forwards "end" "End the forwarded port under the cursor."
    FaultAbort "fault_abort" Faults "abort this" "Abort the fault under the cursor."
    FaultExtend "fault_extend" Faults "extend" "Give the fault under the cursor more time."
    FaultForce "fault_force" Faults "force mine" "Stuck: write the value of before over what somebody else wrote."
    FaultKeep "fault_keep" Faults "keep theirs" "Stuck: leave what somebody else wrote, and close the fault."
    FaultPrint "fault_print" Faults "print" "Stuck: show the kubectl commands that finish the undo by hand."
    ShowChanges "show_changes" Faults "changes" "Show only the changes that are kept, or all faults and changes again."
    UndoChange "undo_change" Faults "undo" "Show what the undo of the kept change under the cursor would write, and undo it."
    FaultAgain "fault_again" Faults "again" "Open the form with the fault under the cursor filled in."
    Ask "ask" Agent "ask" "Type a question for the agent."
    OpenProposal "open_proposal" Agent "preview" "Check the chosen proposal again and show its preview."
    EditProposal "edit_proposal" Agent "edit by hand" "Correct in your editor what could not be made to apply; it is previewed as any other."
    NextProposal "next_proposal" Agent "next proposal" "Choose the next proposal."
    PreviousProposal "previous_proposal" Agent "previous proposal" "Choose the proposal before."
    NextSpot "next_spot" Agent "next answer" "Stand on the next tool call, citation or folded answer."
    PreviousSpot "previous_spot" Agent "look up" "Stand on the tool call, citation or folded answer before."
    OpenSpot "open_spot" Agent "open" "Open what is stood on: the full answer of a tool, what a citation leads to, a folded answer."
    ReviewQueued "review_queued" Agent "review" "Check the proposal of the MCP client and show its preview."
    DiscardQueued "discard_queued" Agent "discard" "Take the proposal of the MCP client out of the inbox."
    NextQueued "next_queued" Agent "next" "Show the next proposal of an MCP client."
    AllowOnce "allow_once" Agent "allow once" "Let the model run the tool of the MCP server, this time."
    AllowAlways "allow_always" Agent "allow always" "Let the model run this reading tool of the MCP server, now and later."
    RefuseTool "refuse_tool" Agent "refuse" "Do not let the model run the tool of the MCP server."
    RaiseBudget "raise_budget" Agent "raise, go on" "Raise the budget that is used up, and have the model go on."
    NewConversation "new_conversation" Agent "new" "Forget what was said and begin anew."
    FieldNext "field_next" Form "next field" "Go to the next field."
    FieldPrevious "field_previous" Form "previous field" "Go to the previous field."
    ValueNext "value_next" Form "next value" "Take the next value of a choice."
    ValuePrevious "value_previous" Form "previous value" "Take the previous value of a choice."
    Submit "submit" Form "preview" "Ask the API server what it would store, and show it."
    EditYaml "edit_yaml" Form "editor" "Write the objects in your editor ($VISUAL, $EDITOR)."
    Apply "apply" Preview "apply" "Apply exactly what is shown."
    Edit "edit" Preview "edit" "Go back to the form."
    Recheck "recheck" Preview "check again" "Ask the API server again."
    Driver "driver" Preview "driver" "Let another driver do it."
    Unfold "unfold" Preview "unfold" "Show or hide the folded lines."
    SideBySide "side_by_side" Preview "side by side" "Show before and after next to each other, or as one diff."
    NextChange "next_change" Preview "next change" "Go to the next change."
    PreviousChange "previous_change" Preview "previous change" "Go to the previous change."
    ScriptOn "script_on" Script "go on" "Go on with the script."
    ScriptRetry "script_retry" Script "retry" "Wait once more for what the script waits for."
    ScriptSkip "script_skip" Script "skip" "Pass over what the script waits for."
    ScriptByHand "script_by_hand" Script "by hand" "Do this step by hand; the script waits."
    ScriptRewind "script_rewind" Script "rewind" "End every fault and go back to the last checkpoint of the script."
    Accept "accept" Input "accept" "Take what was typed."
    Cancel "cancel" Input "cancel" "Leave the text field."
    Complete "complete" Input "complete" "Complete the word."
    CompleteBack "complete_back" Input "complete back" "Complete with the word before."
    HistoryBack "history_back" Input "older" "Take the line typed before."
    HistoryForward "history_forward" Input "newer" "Take the line typed after."
    DeleteBack "delete_back" Input "delete" "Delete the character before the cursor."
    DeleteForward "delete_forward" Input "delete forward" "Delete the character under the cursor."
    DeleteWord "delete_word" Input "delete word" "Delete the word before the cursor."
    DeleteAll "delete_all" Input "clear" "Delete the whole line."
    CursorLeft "cursor_left" Input "left" "Move the cursor left."
    CursorRight "cursor_right" Input "right" "Move the cursor right."
    CursorStart "cursor_start" Input "start" "Move the cursor to the start."
    CursorEnd "cursor_end" Input "end" "Move the cursor to the end."
}

impl Command {
    /// Its row of the table.
    pub fn spec(self) -> &'static Spec {
        // The table is made by the same macro, in the same order, as the enum.
        &COMMANDS[self as usize]
    }

    /// Its name in keymap files.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// Whether it leads to a pane.
    pub fn shows_pane(self) -> bool {
        matches!(self, Self::ShowPods | Self::ShowRoutes | Self::ShowMesh | Self::ShowFaults | Self::ShowAgent)
    }

    /// The command of a name.
    pub fn named(name: &str) -> Option<Self> {
        COMMANDS.iter().find(|spec| spec.name == name).map(|spec| spec.command)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, Command};

    #[test]
    fn the_table_and_the_enum_agree() {
        for spec in COMMANDS {
            assert_eq!(spec.command.spec(), spec);
            assert_eq!(Command::named(spec.name), Some(spec.command), "{} stands twice", spec.name);
            assert!(spec.doc.ends_with('.'), "{}: {}", spec.name, spec.doc);
        }
    }
}
