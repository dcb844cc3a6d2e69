//! Conversations on disk, as whoever holds them meets them: kept, gone on with, run again, bounded; what breaks is told.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use brink::agent::{
    End, Message, Model, Told, Tuning, evidence, fence,
    io::{
        pen::{Paper, Pen},
        rerun::rerun,
        shelf::Shelf,
    },
    model::KeySource,
    session::{Answer, Begin, Entry, FORM, Ran, Retold, line, read},
    wire::Wire,
};
use jiff::Timestamp;
use rstest::rstest;

const PATIENCE: Duration = Duration::from_secs(30);

fn begin(at: i64) -> Begin {
    Begin {
        form: FORM,
        at: Timestamp::from_second(1_800_000_000 + at).unwrap(),
        brink: "0.1.0".to_owned(),
        model: "openai:m".to_owned(),
        base_url: "http://127.0.0.1:9/v1".to_owned(),
        temperature: None,
        seed: None,
        max_tokens: 1024,
        context_tokens: 32_000,
        context: "kind".to_owned(),
        namespace: Some("shop".to_owned()),
        cluster: "a-uid/../../x".to_owned(),
    }
}

#[test]
fn the_first_line_names_who_was_asked_and_how_it_was_tuned() {
    let tuning = Tuning { temperature: serde_json::Number::from_f64(0.25), seed: Some(7), ..Tuning::default() };
    let model = Model {
        wire: Wire::OpenAi,
        base_url: "http://127.0.0.1:9/v1".to_owned(),
        name: "m".to_owned(),
        key: KeySource::Env { names: Vec::new(), needed: false },
        max_tokens: 1024,
        context_tokens: 32_000,
        tuning,
    };
    let tuned = Begin { temperature: Some(0.25), seed: Some(7), ..begin(0) };
    let (at, namespace) = (tuned.at, tuned.namespace.clone());
    let made = Begin::of(&model, at, "kind", namespace, tuned.cluster.clone());
    assert_eq!(made, Begin { brink: made.brink.clone(), ..tuned });
    assert!(!made.brink.is_empty());
}

fn ask(text: &str) -> Entry {
    Entry::Ask { at: Timestamp::UNIX_EPOCH, text: text.to_owned() }
}

fn tool(id: &str, name: &str, text: &str) -> Entry {
    Entry::Tool(Ran {
        id: id.to_owned(),
        name: name.to_owned(),
        took_us: 42_000,
        text: fence::text(name, text),
        why: String::new(),
        refused: false,
        unreadable: false,
        offers: Vec::new(),
    })
}

fn end(end: End) -> Entry {
    Entry::End { end, around: 0 }
}

/// A whole turn: a question, a tool, an answer.
pub fn turn(number: usize) -> Vec<Entry> {
    let call = Answer { around: 2000, ..Answer::called("c", "list", "{\"kind\":\"pods\"}") };
    let rows = format!("web-{number}   1/1   Running\n").repeat(60);
    let words = format!("Turn {number}: **all** pods of `web` run as they should. ").repeat(12);
    let said = Answer { around: 2000, ..Answer::said(&words) };
    vec![
        ask(&format!("question {number}: how are the pods?")),
        Entry::Answer(call),
        tool("c", "list", &rows),
        Entry::Answer(said),
        end(End::Done),
    ]
}

fn text(entries: &[Entry]) -> String {
    let begin = [Entry::Begin(begin(0))];
    begin.iter().chain(entries).map(|entry| line(entry).unwrap()).collect()
}

/// Runs lines again; what was told, and what is said of the messages.
fn again(entries: &[Entry]) -> Result<(Vec<Retold>, Vec<Message>), String> {
    let mut told = Vec::new();
    let talk = rerun(&read(text(entries).as_bytes()), &mut |one| told.push(one)).map_err(|error| error.to_string())?;
    Ok((told, talk.messages().to_vec()))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_conversation_is_kept_for_its_user_alone_and_gone_on_with() {
    let home = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(home.path());
    let (id, pen, gone) = shelf.begin(begin(0)).unwrap();
    assert_eq!(gone, 0);
    for entry in turn(1) {
        pen.write(&entry);
    }
    assert!(pen.written(PATIENCE));
    let slot = shelf.find("last", None).unwrap();
    assert_eq!((slot.id.as_str(), mode(&slot.path), mode(slot.path.parent().unwrap())), (id.as_str(), 0o600, 0o700));
    assert_eq!(slot.path.parent().unwrap().parent().unwrap(), home.path().join("agent"), "a uid leads nowhere else");
    let error = shelf.resume(&slot).unwrap_err();
    assert!(error.to_string().contains("another brink writes it now"), "{error}");
    drop(pen);
    let (reading, pen) = resumed(&shelf, &id);
    assert_eq!(reading.turns(), 1);
    for entry in turn(2) {
        pen.write(&entry);
    }
    assert!(pen.written(PATIENCE));
    let reading = shelf.read(&shelf.find(&id[..12], None).unwrap()).unwrap();
    assert_eq!((reading.turns(), reading.damage), (2, None));
}

/// The lock of a pen goes when its thread has ended, which is soon after the pen.
fn resumed(shelf: &Shelf, id: &str) -> (brink::agent::session::Reading, Pen) {
    let until = Instant::now() + PATIENCE;
    loop {
        match shelf.resume(&shelf.find(id, None).unwrap()) {
            Ok(both) => return both,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_torn_end_is_cut_off_and_a_damaged_file_is_left_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(home.path());
    let (id, pen, _) = shelf.begin(begin(0)).unwrap();
    for entry in turn(1) {
        pen.write(&entry);
    }
    assert!(pen.written(PATIENCE));
    let path = pen.path().to_path_buf();
    drop(pen);
    let append =
        |text: &str| fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
    append("{\"line\":\"ask\",\"te");
    let (reading, pen) = resumed(&shelf, &id);
    assert!(reading.torn > 0 && reading.turns() == 1);
    pen.write(&ask("go on"));
    assert!(pen.written(PATIENCE));
    drop(pen);
    let reading = shelf.read(&shelf.find(&id, None).unwrap()).unwrap();
    assert_eq!((reading.turns(), reading.torn, reading.damage), (2, 0, None));
    append("no line of ours\n{\"line\":\"undone\"}\n");
    let before = fs::read(&path).unwrap();
    let until = Instant::now() + PATIENCE;
    loop {
        let error = shelf.resume(&shelf.find(&id, None).unwrap()).unwrap_err().to_string();
        if error.contains("line 8: no line of a session") {
            break;
        }
        assert!(Instant::now() < until, "{error}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn the_oldest_go_and_never_one_that_is_written() {
    let home = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(home.path()).keeping(3, 1 << 20);
    let (first, held, _) = shelf.begin(begin(0)).unwrap();
    let mut gone = Vec::new();
    for at in 1..6 {
        let (_, pen, went) = shelf.begin(begin(at)).unwrap();
        assert!(pen.written(PATIENCE));
        let path = pen.path().to_path_buf();
        drop(pen);
        // Until its thread has let go of it.
        let until = Instant::now() + PATIENCE;
        while fs::File::open(&path).unwrap().try_lock().is_err() {
            assert!(Instant::now() < until);
        }
        gone.push(went);
    }
    let left: Vec<String> = shelf.list(None).into_iter().map(|slot| slot.id).collect();
    assert_eq!(left.last(), Some(&first), "{left:?}");
    assert!(left.len() <= 4 && gone.iter().sum::<usize>() >= 2, "{left:?} {gone:?}");
    assert!(shelf.find("2027", None).unwrap_err().to_string().contains("may be"));
    assert!(shelf.find("nobody", None).unwrap_err().to_string().contains("there is no conversation `nobody`"));
    drop(held);
}

/// A disk that is full until it is not.
struct Full(Arc<Mutex<(bool, Vec<u8>)>>);

impl Paper for Full {
    fn put(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        if disk.0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        disk.1.truncate(usize::try_from(at).unwrap());
        disk.1.extend_from_slice(bytes);
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_once_and_what_it_refused_is_written_when_it_takes_lines_again() {
    let disk = Arc::new(Mutex::new((false, Vec::new())));
    let pen = Pen::on(Full(disk.clone()), Path::new("session"), 0).unwrap();
    pen.write(&Entry::Begin(begin(0)));
    assert!(pen.written(PATIENCE) && pen.trouble().is_none());
    disk.lock().unwrap().0 = true;
    pen.write(&ask("first"));
    assert!(!pen.written(PATIENCE));
    let told = pen.trouble().unwrap();
    assert!(told.starts_with("session: "), "{told}");
    pen.write(&ask("second"));
    assert!(!pen.written(PATIENCE) && pen.trouble().is_none(), "told once");
    disk.lock().unwrap().0 = false;
    pen.write(&ask("third"));
    assert!(pen.written(PATIENCE));
    let reading = read(&disk.lock().unwrap().1);
    assert_eq!((reading.turns(), reading.question(), &reading.damage), (3, Some("first"), &None));
}

#[test]
fn a_session_runs_again_through_the_same_conversation() {
    let (told, messages) = again(&[turn(1), vec![Entry::Undone], turn(2)].concat()).unwrap();
    assert_eq!(messages[0], Message::You("question 2: how are the pods?".to_owned()));
    let Message::Tools(answers) = &messages[2] else { panic!("{messages:?}") };
    // The number of what was taken back is not given again: an old citation would lead to another thing.
    assert_eq!(evidence::numbers(&answers[0].text), Some(2..=2));
    let took = told.iter().find_map(|one| match one {
        Retold::Told(Told::Ran { took, .. }) => Some(*took),
        _ => None,
    });
    assert_eq!(took, Some(Duration::from_millis(42)), "times come from the record");
}

#[rstest]
#[case(vec![ask("why?")])]
#[case(turn(1)[..2].to_vec())]
#[case(turn(1)[..3].to_vec())]
#[case(vec![ask("why?"), Entry::Answer(Answer { stopped: true, ..Answer::said("half an ans") }), end(End::Cancelled)])]
fn a_session_that_was_stopped_anywhere_is_well_formed(#[case] mut entries: Vec<Entry>) {
    let (told, _) = again(&entries).unwrap();
    assert_eq!(told.last(), Some(&Retold::Told(Told::Ended(End::Cancelled))));
    entries.extend(turn(7));
    let (_, messages) = again(&entries).unwrap();
    for pair in messages.windows(2) {
        let calls = matches!(&pair[0], Message::Model { calls, .. } if !calls.is_empty());
        assert_eq!(calls, matches!(pair[1], Message::Tools(_)), "{messages:?}");
    }
}

#[test]
fn what_does_not_fit_is_told_with_its_line() {
    let [question, call, found, said, done] = <[Entry; 5]>::try_from(turn(1)).unwrap();
    let all =
        |entries: &[&Entry]| again(&entries.iter().map(|entry| (*entry).clone()).collect::<Vec<_>>()).unwrap_err();
    assert_eq!(all(&[&question, &said, &end(End::Cut)]).split(':').next(), Some("line 4"));
    let other = tool("c", "get", "x");
    assert!(
        all(&[&question, &call, &other, &said, &done])
            .starts_with("line 4: `get` answers here, and this brink runs `list`")
    );
    assert!(all(&[&question, &found, &call, &said, &done]).starts_with("line 3: `list` answers here"));
    assert!(all(&[&said]).starts_with("line 2: an answer stands here"));
    assert!(all(&[&question, &said, &said, &done]).starts_with("line 3: the record goes on"));
}

/// Whoever opens a long conversation waits for this.
#[test]
fn a_long_conversation_opens() {
    let home = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(home.path());
    let (id, pen, _) = shelf.begin(begin(0)).unwrap();
    (0..200).flat_map(turn).for_each(|entry| pen.write(&entry));
    assert!(pen.written(PATIENCE));
    let began = Instant::now();
    let slot = shelf.find(&id, None).unwrap();
    let reading = shelf.read(&slot).unwrap();
    let mut count = 0;
    let talk = rerun(&reading, &mut |_| count += 1).unwrap();
    println!("200 turns, {} KiB: open in {:?}", slot.size >> 10, began.elapsed());
    assert!(reading.turns() == 200 && count > 200 * 5);
    assert!(
        talk.budget().used <= 33_000 && talk.messages().len() < 200 * 4,
        "what no longer fits the model is left out"
    );
}
