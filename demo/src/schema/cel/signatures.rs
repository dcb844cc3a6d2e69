//! What functions take and give, for the check of types.
//!
//! One letter is one type: `b`ool, `i`nt, `u`int, `d`ouble, `s`tring, b`y`tes, `D`uration, `T`imestamp, `t`ype, `?` anything, `L`ist
//! of, `M`ap of, `O`ptional of, `A` and `B` for any type that stays the same; Kubernetes' own are `q`uantity, `U`RL, `I`P, `C`IDR,
//! `v`ersion, `f`ormat. What stands before a dot is what the function is called on.

use super::types::Type;

const FUNCTIONS: [(&str, &str); 124] = [
    ("size", "s>i y>i LA>i MAB>i s.>i y.>i LA.>i MAB.>i"),
    ("string", "s>s i>s u>s d>s b>s y>s T>s D>s I>s C>s"),
    ("int", "i>i u>i d>i s>i T>i D>i"),
    ("uint", "u>u i>u d>u s>u"),
    ("double", "d>d i>d u>d s>d"),
    ("bool", "b>b s>b"),
    ("bytes", "y>y s>y"),
    ("duration", "D>D s>D"),
    ("timestamp", "T>T s>T i>T"),
    ("type", "A>t"),
    ("dyn", "A>?"),
    ("contains", "s.s>b"),
    ("startsWith", "s.s>b"),
    ("endsWith", "s.s>b"),
    ("matches", "s.s>b ss>b"),
    ("charAt", "s.i>s"),
    ("indexOf", "s.s>i s.si>i LA.A>i"),
    ("lastIndexOf", "s.s>i s.si>i LA.A>i"),
    ("lowerAscii", "s.>s"),
    ("upperAscii", "s.>s"),
    ("trim", "s.>s"),
    ("replace", "s.ss>s s.ssi>s"),
    ("split", "s.s>Ls s.si>Ls"),
    ("substring", "s.i>s s.ii>s"),
    ("join", "Ls.>s Ls.s>s"),
    ("reverse", "s.>s LA.>LA"),
    ("strings.quote", "s>s"),
    ("format", "s.L?>s"),
    ("isSorted", "LA.>b"),
    ("sum", "LA.>A"),
    ("min", "LA.>A"),
    ("max", "LA.>A"),
    ("slice", "LA.ii>LA"),
    ("flatten", "LA.>L? LA.i>L?"),
    ("sort", "LA.>LA"),
    ("distinct", "LA.>LA"),
    ("first", "LA.>OA"),
    ("last", "LA.>OA"),
    ("lists.range", "i>Li"),
    ("find", "s.s>s"),
    ("findAll", "s.s>Ls s.si>Ls"),
    ("sets.contains", "LALA>b"),
    ("sets.equivalent", "LALA>b"),
    ("sets.intersects", "LALA>b"),
    ("math.ceil", "d>d"),
    ("math.floor", "d>d"),
    ("math.round", "d>d"),
    ("math.trunc", "d>d"),
    ("math.abs", "A>A"),
    ("math.sign", "A>A"),
    ("math.sqrt", "?>d"),
    ("math.isNaN", "d>b"),
    ("math.isInf", "d>b"),
    ("math.isFinite", "d>b"),
    ("math.bitAnd", "AA>A"),
    ("math.bitOr", "AA>A"),
    ("math.bitXor", "AA>A"),
    ("math.bitNot", "A>A"),
    ("math.bitShiftLeft", "Ai>A"),
    ("math.bitShiftRight", "Ai>A"),
    ("url", "s>U"),
    ("isURL", "s>b"),
    ("getScheme", "U.>s"),
    ("getHost", "U.>s"),
    ("getHostname", "U.>s"),
    ("getPort", "U.>s"),
    ("getEscapedPath", "U.>s"),
    ("getQuery", "U.>MsLs"),
    ("ip", "s>I C.>I"),
    ("isIP", "s>b"),
    ("ip.isCanonical", "s>b"),
    ("family", "I.>i"),
    ("isUnspecified", "I.>b"),
    ("isLoopback", "I.>b"),
    ("isLinkLocalMulticast", "I.>b"),
    ("isLinkLocalUnicast", "I.>b"),
    ("isGlobalUnicast", "I.>b"),
    ("cidr", "s>C"),
    ("isCIDR", "s>b"),
    ("containsIP", "C.I>b C.s>b"),
    ("containsCIDR", "C.C>b C.s>b"),
    ("prefixLength", "C.>i"),
    ("masked", "C.>C"),
    ("quantity", "s>q"),
    ("isQuantity", "s>b"),
    ("isInteger", "q.>b"),
    ("asInteger", "q.>i"),
    ("asApproximateFloat", "q.>d"),
    ("sign", "q.>i"),
    ("add", "q.q>q q.i>q"),
    ("sub", "q.q>q q.i>q"),
    ("compareTo", "q.q>i v.v>i"),
    ("isGreaterThan", "q.q>b v.v>b"),
    ("isLessThan", "q.q>b v.v>b"),
    ("semver", "s>v sb>v"),
    ("isSemver", "s>b sb>b"),
    ("major", "v.>i"),
    ("minor", "v.>i"),
    ("patch", "v.>i"),
    ("format.named", "s>Of"),
    ("validate", "f.s>OLs"),
    ("optional.of", "A>OA"),
    ("optional.ofNonZeroValue", "A>OA"),
    ("optional.none", ">O?"),
    ("hasValue", "OA.>b"),
    ("value", "OA.>A"),
    ("or", "OA.OA>OA"),
    ("orValue", "OA.A>A"),
    ("getFullYear", "T.>i T.s>i"),
    ("getMonth", "T.>i T.s>i"),
    ("getDayOfYear", "T.>i T.s>i"),
    ("getDayOfMonth", "T.>i T.s>i"),
    ("getDate", "T.>i T.s>i"),
    ("getDayOfWeek", "T.>i T.s>i"),
    ("getHours", "T.>i T.s>i D.>i"),
    ("getMinutes", "T.>i T.s>i D.>i"),
    ("getSeconds", "T.>i T.s>i D.>i"),
    ("getMilliseconds", "T.>i T.s>i D.>i"),
    ("base64.encode", "y>s"),
    ("base64.decode", "s>y"),
    ("jsonpatch.escapeKey", "s>s"),
    ("@not_strictly_false", "?>b"),
    ("@sortByAssociatedKeys", "LA.LB>LA"),
    ("cel.@mapInsert", "MABAB>MAB MABMAB>MAB"),
];

/// Functions that take any number of values: nothing is said of their types.
const OPEN: [&str; 2] = ["math.greatest", "math.least"];

/// What becomes of a call.
pub enum Found<'a> {
    /// It gives this.
    Gives(Type<'a>),
    /// No function of the name takes such values.
    NoOverload,
    /// There is no such function.
    Unknown,
}

/// Whether nothing is known of the values a function takes.
pub fn is_open(name: &str) -> bool {
    OPEN.contains(&name)
}

/// Whether there is a function of a name.
pub fn is_known(name: &str) -> bool {
    is_open(name) || name.starts_with("format.") || FUNCTIONS.iter().any(|(has, _)| *has == name)
}

/// Looks a call up.
pub fn find<'a>(name: &str, on: Option<&Type<'a>>, args: &[Type<'a>]) -> Found<'a> {
    if is_open(name) {
        return Found::Gives(Type::Dyn);
    }
    if name.starts_with("format.") && name != "format.named" {
        return Found::Gives(Type::Plain("kubernetes.NamedFormat"));
    }
    let Some((_, overloads)) = FUNCTIONS.iter().find(|(has, _)| *has == name) else { return Found::Unknown };
    for overload in overloads.split(' ') {
        let Some((takes, gives)) = overload.split_once('>') else { continue };
        let (receiver, takes) = takes.split_once('.').map_or((None, takes), |(on, takes)| (Some(on), takes));
        let mut bound = Bound::default();
        let fits = match (receiver, on) {
            (None, None) => true,
            (Some(receiver), Some(on)) => bound.take(&mut receiver.chars(), on),
            _ => false,
        };
        let mut letters = takes.chars();
        if fits && args.iter().all(|arg| bound.take(&mut letters, arg)) && letters.next().is_none() {
            return Found::Gives(bound.give(&mut gives.chars()));
        }
    }
    Found::NoOverload
}

/// What the letters that stand for any type stand for.
#[derive(Default)]
struct Bound<'a>([Option<Type<'a>>; 2]);

impl<'a> Bound<'a> {
    fn take(&mut self, letters: &mut std::str::Chars<'_>, actual: &Type<'a>) -> bool {
        let Some(letter) = letters.next() else { return false };
        let inner = |wanted: char| match (wanted, actual) {
            ('L', Type::List(of)) | ('O', Type::Optional(of)) => Some((of.as_ref().clone(), Type::Dyn)),
            ('M', Type::Map(keys, values)) => Some((keys.as_ref().clone(), values.as_ref().clone())),
            (_, Type::Dyn) => Some((Type::Dyn, Type::Dyn)),
            _ => None,
        };
        match letter {
            'L' | 'O' | 'M' => match inner(letter) {
                Some((first, second)) => self.take(letters, &first) && (letter != 'M' || self.take(letters, &second)),
                None => false,
            },
            'A' | 'B' => {
                let slot = &mut self.0[usize::from(letter == 'B')];
                match slot {
                    Some(bound) => bound.is_like(actual),
                    None => {
                        *slot = Some(actual.clone());
                        true
                    }
                }
            }
            letter => plain(letter).is_like(actual),
        }
    }

    fn give(&self, letters: &mut std::str::Chars<'_>) -> Type<'a> {
        match letters.next() {
            Some('L') => Type::List(Box::new(self.give(letters))),
            Some('O') => Type::Optional(Box::new(self.give(letters))),
            Some('M') => {
                let keys = self.give(letters);
                Type::Map(Box::new(keys), Box::new(self.give(letters)))
            }
            Some(letter @ ('A' | 'B')) => self.0[usize::from(letter == 'B')].clone().unwrap_or(Type::Dyn),
            Some(letter) => plain(letter),
            None => Type::Dyn,
        }
    }
}

fn plain(letter: char) -> Type<'static> {
    Type::Plain(match letter {
        'b' => "bool",
        'i' => "int",
        'u' => "uint",
        'd' => "double",
        's' => "string",
        'y' => "bytes",
        'D' => "duration",
        'T' => "timestamp",
        't' => "type",
        'q' => "kubernetes.Quantity",
        'U' => "kubernetes.URL",
        'I' => "net.IP",
        'C' => "net.CIDR",
        'v' => "kubernetes.Semver",
        'f' => "kubernetes.NamedFormat",
        _ => return Type::Dyn,
    })
}
