//! Values in the commands of plugins: one argument each, whatever they hold.

use std::process::Command;

use brink::msg::program::{Program, Unfilled, Variables, fill};
use proptest::prelude::*;
use rstest::rstest;

fn variables() -> Variables {
    let mut variables = Variables::default();
    for (name, value) in [("NAME", "reviews-v2"), ("NAMESPACE", "shop"), ("FILTER", "a b"), ("POD", "p; rm -rf /")] {
        variables.set(name, value);
    }
    variables.set_column("Cpu%/L", "12%");
    variables.set_input("force", "true");
    variables.set_input("note", "");
    variables
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[rstest]
#[case("$NAME", "reviews-v2")]
#[case("${NAME}s", "reviews-v2s")]
#[case("$NAME-debug", "reviews-v2-debug")]
#[case("$NAMESPACE/$NAME", "shop/reviews-v2")]
#[case("$FILTER", "a b")]
#[case("$COL-CPU%/L", "12%")]
#[case("${COL-cpu%/l}", "12%")]
#[case("$INPUT_FORCE $!INPUT_FORCE ${!INPUT_FORCE}", "true false false")]
#[case("<$INPUT_NOTE>", "<>")]
#[case("$1 $$ $(x) ${HOME} $HOME $", "$1 $$ $(x) ${HOME} $HOME $")]
fn a_value_stands_in_its_argument(#[case] text: &str, #[case] filled: &str) {
    assert_eq!(fill(&words(&["echo", text]), &variables()).unwrap(), ["echo", filled]);
}

#[rstest]
#[case("$CONTAINER", "there is no $CONTAINER here")]
#[case("$COL-CPU", "did you mean $COL-CPU%/L?")]
#[case("$INPUT_FORCES", "did you mean $INPUT_FORCE?")]
#[case("$!NAME", "needs true or false")]
fn what_has_no_value_is_told(#[case] text: &str, #[case] told: &str) {
    let error = fill(&words(&["echo", text]), &variables()).unwrap_err().to_string();
    assert!(error.contains(told), "{error}");
}

#[rstest]
#[case("echo $POD", "echo 'p; rm -rf /'")]
#[case("echo \"$POD\"", "echo \"p; rm -rf /\"")]
#[case("echo '$POD'", "echo 'p; rm -rf /'")]
#[case("echo $NAME", "echo reviews-v2")]
#[case("echo \"$(kubectl get $POD)\" # don't", "echo \"$(kubectl get 'p; rm -rf /')\" # don't")]
fn a_value_in_a_shells_text_keeps_to_its_word(#[case] text: &str, #[case] filled: &str) {
    assert_eq!(fill(&words(&["bash", "-c", text]), &variables()).unwrap()[2], filled);
}

#[rstest]
#[case(&["bash", "-c", "cat <<EOF\n$POD\nEOF"])]
#[case(&["bash", "-c", "eval echo $POD"])]
#[case(&["sh", "-c", "kubectl exec x -- sh -c \"echo $POD\""])]
#[case(&["bash", "-c", "echo `echo $POD`"])]
#[case(&["python3", "-c", "print('$POD')"])]
fn where_quotes_cannot_be_told_only_plain_values_stand(#[case] line: &[&str]) {
    let refused = fill(&words(line), &variables());
    assert!(matches!(refused, Err(Unfilled::Unsafe(..))), "{refused:?}");
    let plain: Vec<String> = line.iter().map(|word| word.replace("$POD", "$NAME")).collect();
    assert!(fill(&plain, &variables()).is_ok());
}

#[test]
fn a_command_is_shown_as_it_would_be_typed() {
    let program = Program {
        name: "x".to_owned(),
        stages: vec![words(&["kubectl", "get", "it's"]), words(&["jq", "."])],
        background: false,
        tells_output: false,
    };
    assert_eq!(program.line(), "kubectl get 'it'\\''s' | jq .");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A real shell gets exactly the value, whatever it holds, wherever it stands.
    #[test]
    fn a_shell_sees_the_value_and_nothing_else(value in "[ -~\n]{0,24}") {
        let mut variables = Variables::default();
        variables.set_input("V", value.clone());
        for text in [
            "printf %s $INPUT_V",
            "printf %s \"$INPUT_V\"",
            "printf %s '$INPUT_V'",
            "x=$(printf '%s.' $INPUT_V); printf %s \"${x%.}\"",
            "printf %s \"$(printf '%s' \"$INPUT_V.\")\" | sed '$ s/.$//'",
        ] {
            let line = fill(&words(&["sh", "-c", text]), &variables).unwrap();
            let out = Command::new("sh").args(&line[1..]).output().unwrap();
            let mut wanted = value.clone();
            if text.contains("sed") && wanted.is_empty() {
                continue;
            }
            let mut got = String::from_utf8(out.stdout).unwrap();
            if text.contains("sed") {
                // The stream editor ends its last line.
                got = got.trim_end_matches('\n').to_owned();
                wanted = wanted.trim_end_matches('\n').to_owned();
            }
            prop_assert_eq!(got, wanted, "{}", line[2]);
        }
    }
}
