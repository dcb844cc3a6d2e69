//! Reading rules, with complaints that name the line and the nearest known word. A slip is found when a rule is read, not when it
//! is asked: unknown fields, tools, filters and names, and templates that are none.

use minijinja::Environment;
use regex::Regex;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::{
    filters::{self, environment},
    rules::{Rule, Step},
};
use crate::base::{
    kagent,
    located::{Located, Node, documents, line},
    section::Section,
    trouble::{Trouble, suggest},
};

/// The tools a rule may call: those of brink's agent.
pub const TOOLS: [&str; 13] = [
    "list",
    "get",
    "describe",
    "events",
    "logs",
    "query_metrics",
    "list_routes",
    "topology",
    "propose_fault",
    "propose_manifest",
    "propose_fix",
    "propose_plan",
    "investigate",
];
/// What every rule knows: the question, its namespace, what was said before it, why the last call failed.
const GIVEN: [&str; 4] = ["user", "ns", "said", "trouble"];
/// Functions of the templates.
const FUNCTIONS: [&str; 4] = ["range", "dict", "namespace", "loop"];

/// Reads a file of rules.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<Rule>, Trouble> {
    let documents = documents(file, text)?;
    let [document] = documents.as_slice() else {
        let what = format!("a file of rules is one list, not {} documents", documents.len());
        return Err(Trouble::at(file, 0, what, "begin each rule with `- when:`"));
    };
    let reader = Reader { file, env: environment() };
    Section::new(file, document, "rules").list()?.iter().map(|one| reader.rule(one)).collect()
}

struct Reader<'a> {
    file: &'a str,
    env: Environment<'static>,
}

impl<'a> Reader<'a> {
    fn section(&self, at: &'a Located, path: &'a str) -> Section<'a> {
        Section::new(self.file, at, path)
    }

    fn rule(&self, at: &'a Located) -> Result<Rule, Trouble> {
        let rule = self.section(at, "rule");
        let fields = rule.fields(&["when", "steps", "else"])?;
        let [when, steps, otherwise] = ["when", "steps", "else"].map(|name| needed(&rule, fields, name));
        let when = self.section(when?, "when");
        let fields = when.fields(&["user", "tools"])?;
        let user = self.section(needed(&when, fields, "user")?, "user");
        let user = Regex::new(&user.text()?).map_err(|error| {
            let words = error.to_string();
            let why = words.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            user.wrong(&format!("is no pattern: {why}"), "write a regular expression, in single quotes")
        })?;
        let mut tools = Vec::new();
        if let Some(at) = find(fields, "tools") {
            for one in self.section(at, "tools").list()? {
                let tool = self.section(one, "tools").text()?;
                self.tool(&tool, line(one))?;
                tools.push(tool);
            }
        }
        let mut known: Vec<String> = GIVEN.map(str::to_owned).to_vec();
        let steps = self.section(steps?, "steps").list()?;
        let steps = steps.iter().map(|one| self.step(one, &mut known)).collect::<Result<_, _>>()?;
        let otherwise = otherwise?;
        self.template(otherwise, &known)?;
        Ok(Rule { user, tools, steps, otherwise: self.section(otherwise, "else").text()? })
    }

    fn step(&self, at: &'a Located, known: &mut Vec<String>) -> Result<Step, Trouble> {
        let section = self.section(at, "step");
        let fields = section.fields(&["only", "call", "as", "let", "say"])?;
        if fields.iter().filter(|(key, _)| matches!(key.value.as_str(), "call" | "let" | "say")).count() != 1 {
            return Err(section.wrong("must be one of `call`, `let` and `say`", "write a step for each"));
        }
        let mut step = Step::default();
        // It is asked before the step is gone, so it knows nothing of it.
        if let Some(at) = find(fields, "only") {
            self.expression(at, known)?;
            step.only = Some(self.section(at, "only").text()?);
        }
        if let Some(at) = find(fields, "as") {
            if find(fields, "call").is_none() {
                return Err(self.section(at, "as").wrong("names the answer of a call", "use `let` to name a value"));
            }
            step.name = Some(self.section(at, "as").text()?);
        }
        for (key, at) in fields {
            match key.value.as_str() {
                "say" => {
                    self.template(at, known)?;
                    step.say = Some(self.section(at, "say").text()?);
                }
                "let" => {
                    for (name, at) in self.section(at, "let").map()? {
                        self.expression(at, known)?;
                        step.define.insert(name.value.clone(), self.section(at, "let").text()?.into());
                        known.push(name.value.clone());
                    }
                }
                "call" => step.call = Some(self.call(at, known)?),
                _ => {}
            }
        }
        known.extend(step.name.clone());
        Ok(step)
    }

    fn call(&self, at: &'a Located, known: &[String]) -> Result<(String, Value), Trouble> {
        let section = self.section(at, "call");
        let [(tool, arguments)] = section.map()? else {
            return Err(section.wrong("must name one tool", "write it like `call: {list: {kind: pods}}`"));
        };
        self.tool(&tool.value, line(tool))?;
        self.section(arguments, &tool.value).map()?;
        self.templates(arguments, known)?;
        Ok((tool.value.clone(), arguments.value.value()))
    }

    fn tool(&self, name: &str, line: u64) -> Result<(), Trouble> {
        let kagents = || kagent::TOOLS.iter().map(|(name, _)| *name);
        if TOOLS.contains(&name) || kagents().any(|one| one == name) {
            return Ok(());
        }
        let known = TOOLS.into_iter().chain(kagents());
        Err(Trouble::at(self.file, line, format!("there is no tool `{name}`"), suggest(name, known)))
    }

    /// A value in which texts are templates.
    fn templates(&self, at: &'a Located, known: &[String]) -> Result<(), Trouble> {
        match &at.value {
            Node::Scalar(Value::String(_)) => self.template(at, known),
            Node::Scalar(_) => Ok(()),
            Node::List(list) => list.iter().try_for_each(|one| self.templates(one, known)),
            Node::Map(map) => map.iter().try_for_each(|(_, one)| self.templates(one, known)),
        }
    }

    fn template(&self, at: &'a Located, known: &[String]) -> Result<(), Trouble> {
        let text = self.section(at, "template").text()?;
        let template = self.env.template_from_str(&text).map_err(|error| self.unread(at, &text, &error))?;
        self.names(at, template.undeclared_variables(false), known)?;
        filters::used(&text, true).iter().try_for_each(|name| self.filter(at, name))
    }

    fn expression(&self, at: &'a Located, known: &[String]) -> Result<(), Trouble> {
        let text = self.section(at, "expression").text()?;
        let expression = self.env.compile_expression(&text).map_err(|error| self.unread(at, &text, &error))?;
        self.names(at, expression.undeclared_variables(false), known)?;
        filters::used(&text, false).iter().try_for_each(|name| self.filter(at, name))
    }

    fn unread(&self, at: &Located, text: &str, error: &minijinja::Error) -> Trouble {
        let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        Trouble::at(self.file, line(at), format!("cannot read `{}`: {why}", text.trim()), "mend this expression")
    }

    fn names(&self, at: &Located, asked: impl IntoIterator<Item = String>, known: &[String]) -> Result<(), Trouble> {
        let unknown = |name: &String| !known.contains(name) && !FUNCTIONS.contains(&name.as_str());
        // The first by name: which of several is told must not change from run to run.
        match asked.into_iter().filter(unknown).min() {
            None => Ok(()),
            Some(name) => {
                let fix = suggest(&name, known.iter().map(String::as_str));
                Err(Trouble::at(self.file, line(at), format!("nothing before this is called `{name}`"), fix))
            }
        }
    }

    fn filter(&self, at: &Located, name: &str) -> Result<(), Trouble> {
        if filters::known(&self.env, name) {
            return Ok(());
        }
        Err(Trouble::at(self.file, line(at), format!("there is no filter `{name}`"), suggest(name, filters::NAMES)))
    }
}

fn find<'a>(fields: &'a [(Spanned<String>, Located)], name: &str) -> Option<&'a Located> {
    fields.iter().find(|(key, _)| key.value == name).map(|(_, at)| at)
}

fn needed<'a>(
    whole: &Section<'a>,
    fields: &'a [(Spanned<String>, Located)],
    name: &str,
) -> Result<&'a Located, Trouble> {
    find(fields, name).ok_or_else(|| {
        let fix = match name {
            "else" => "add `else:`, what is said when something is not there",
            "user" => "add `user:`, a pattern for the person's words",
            "when" => "begin it with `when: {user: PATTERN}`",
            _ => "add `steps:`, a list of `call`, `let` and `say`",
        };
        whole.wrong(&format!("has no `{name}`"), fix)
    })
}

#[cfg(test)]
mod tests {
    use crate::model::Rules;

    fn said(text: &str) -> String {
        Rules::with("mine.model.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn own_rules_are_sound() {
        assert!(Rules::own().unwrap().0.len() > 4);
    }

    #[test]
    fn slips_are_told_with_line_and_nearest_name() {
        let rule = |steps: &str| format!("- when:\n    user: hello\n  steps:\n{steps}  else: nothing\n");
        for (text, told) in [
            (
                "- when: {usr: a}\n  steps: []\n  else: x\n".to_owned(),
                "mine.model.yaml:1: `when` has no field `usr`; did you mean `user`?",
            ),
            (
                "- when: {user: a, tools: [list, lits]}\n  steps: []\n  else: x\n".to_owned(),
                "mine.model.yaml:1: there is no tool `lits`; did you mean `list`?",
            ),
            (
                rule("  - call: {list_route: {}}\n    as: routes\n"),
                "mine.model.yaml:4: there is no tool `list_route`; did you mean `list_routes`?",
            ),
            (
                rule("  - call: {list_routes: {}}\n    as: routes\n  - let:\n      busy: 'route.items | first'\n"),
                "mine.model.yaml:7: nothing before this is called `route`; did you mean `routes`?",
            ),
            (
                rule("  - call: {list: {kind: pods}}\n    as: pods\n  - let: {bad: 'pods.items | failling'}\n"),
                "mine.model.yaml:6: there is no filter `failling`; did you mean `failing`?",
            ),
            (
                rule("  - say: 'I see {{ user | frist }}'\n"),
                "mine.model.yaml:4: there is no filter `frist`; did you mean `first`?",
            ),
            (rule("  - sya: hello\n"), "mine.model.yaml:4: `step` has no field `sya`; did you mean `say`?"),
        ] {
            assert_eq!(said(&text), told);
        }
    }

    #[test]
    fn whatever_else_is_no_rule_says_where() {
        for (text, told) in [
            ("- {when: {user: '('}, steps: [], else: x}", "mine.model.yaml:1: `user` is no pattern: "),
            ("- {when: {user: a}, steps: [{say: a, call: {list: {}}}], else: x}", "one of `call`, `let` and `say`"),
            (
                "- when: {user: a}\n  steps:\n  - let: {x: 'user |'}\n  else: x",
                "mine.model.yaml:3: cannot read `user |`: ",
            ),
            (
                "- when: {user: a}\n  steps:\n  - call: {list: {kind: '{{ user'}}\n  else: x",
                "mine.model.yaml:3: cannot read",
            ),
            ("- {when: {user: a}, steps: []}", "`rule` has no `else`"),
            ("- {when: {user: a}, steps: [{say: a, as: b}], else: x}", "`as` names the answer of a call"),
            ("- {when: {user: a}, steps: [{call: {list: pods}}], else: x}", "`list` must be a map"),
            ("- {when: {user: a}, steps: [{call: {list: {}, get: {}}}], else: x}", "must name one tool"),
            ("when: [", "mine.model.yaml:"),
            ("when: {user: a}", "`rules` must be a list"),
            ("", "one list, not 0 documents"),
        ] {
            assert!(said(text).contains(told), "{}", said(text));
        }
    }

    #[test]
    fn a_worlds_rules_go_before_the_common_ones() {
        let own = Rules::own().unwrap().0.len();
        let rules = Rules::with("mine.model.yaml", "- {when: {user: a}, steps: [{say: a}], else: x}").unwrap();
        assert_eq!((rules.0.len(), rules.0[0].user.as_str()), (own + 1, "a"));
    }
}
