//! Random paths from the templates of the routers: the user's own ID and others in many spellings,
//! and parts that routers and proxies interpret differently.

use http::Uri;
use proptest::{collection::vec, prelude::*, sample::Index};

/// User IDs: plain ones, and those that need encoding, equal a part of a template, or have a special
/// meaning in a path.
const USERS: [&str; 24] = [
    "alice",
    "bob",
    "alice",
    "bob",
    "Alice",
    "al ice",
    "a.b",
    "jörg",
    "a@b.example",
    "100%",
    "%61lice",
    "a+b",
    "a/b",
    "a\\b",
    "..",
    ".",
    "%2e%2e",
    "a;b",
    "a\0",
    "",
    "\u{FFFD}",
    "tasks",
    "api",
    "share",
];

/// Pieces for paths besides the IDs and the words of the templates.
const PIECES: [&str; 65] = [
    "x",
    "7",
    "tasks",
    "files",
    "share",
    "api",
    "v1",
    "x",
    "health",
    "",
    "",
    "",
    "",
    ".",
    "..",
    "...",
    "%2e",
    "%2e%2e",
    ".%2E",
    "%2E.",
    "%252e%252e",
    ".%252E",
    "%252F",
    "..%252Fbob",
    ".%09.",
    "..%0A%2Fbob",
    "..%3F",
    "..%23x",
    "..%20",
    "..%01",
    "%25%0D2e.",
    "https:..",
    "..;",
    "..;x=1",
    ".;x",
    ";",
    ";x=1",
    "x;y=/z",
    "%3B",
    "%2F",
    "%2f..",
    "..%2F",
    "x%2F..%2Falice",
    "bob%2Ftasks",
    "alice%2Fshare",
    "\\",
    "%5C",
    "%5c..",
    "x\\..\\..\\bob",
    "..\\",
    "%00",
    "%FF",
    "%C3%28",
    "%",
    "%2",
    "%zz",
    "%u002e",
    "%c0%ae",
    "*",
    "{user_id}",
    "{*rest}",
    ":user_id",
    "a+b",
    "%20",
    "\u{2025}",
];

/// Prefixes of a path.
const STARTS: [&str; 6] = ["/", "//", "/.", "/x/..", "/%2e", "\\"];

/// Suffixes of a path.
const ENDS: [&str; 12] = [
    "/",
    "//",
    "/.",
    "/..",
    ";x=1",
    "?user_id=bob",
    "?x=/../bob",
    "?",
    "/?/api/bob",
    "%2F",
    "/%2e%2e",
    "#/../bob",
];

/// A user and a request that fits any router.
#[derive(Clone, Debug)]
pub(super) struct TestRequest {
    pub(super) user: String,
    template: Index,
    ids: [Id; 2],
    fillings: Vec<&'static str>,
    edits: Vec<Edit>,
    frame: Frame,
}

/// An ID for `{user_id}`, and the spelling of each byte.
#[derive(Clone, Debug)]
struct Id {
    /// The ID of another user, instead of the user's own.
    other: Option<String>,
    spelling: Vec<Spelling>,
}

#[derive(Clone, Copy, Debug)]
enum Spelling {
    /// Unencoded, if a path may contain the byte.
    Plain,
    Upper,
    Lower,
    Twice,
    OtherCase,
}

/// A change of one segment.
#[derive(Clone, Debug)]
enum Edit {
    Insert(Index, &'static str),
    Replace(Index, &'static str),
    Prepend(Index, &'static str),
    Append(Index, &'static str),
    Remove(Index),
    Respell(Index, Vec<Spelling>),
    Own(Index),
}

/// The parts around the path.
#[derive(Clone, Copy, Debug)]
enum Frame {
    None,
    Start(&'static str),
    End(&'static str),
    /// The absolute-form of a request target.
    Absolute,
    /// A very long path.
    Long(usize),
    /// A request target without a path: asterisk-form, authority-form or absolute-form.
    Instead(&'static str),
}

pub(super) fn test_requests() -> impl Strategy<Value = TestRequest> {
    let fillings = prop_oneof![
        1 => vec(Just("x"), 4),
        1 => vec(piece(), 4),
    ];
    let edits = prop_oneof![
        12 => Just(Vec::new()),
        6 => vec(edit(), 1),
        4 => vec(edit(), 2..4),
    ];
    let parts = (
        user(),
        any::<Index>(),
        [id(), id()],
        fillings,
        edits,
        frame(),
    );
    parts.prop_map(
        |(user, template, ids, fillings, edits, frame)| TestRequest {
            user,
            template,
            ids,
            fillings,
            edits,
            frame,
        },
    )
}

fn user() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => proptest::sample::select(&USERS[..]).prop_map(str::to_owned),
        1 => "[ -~]{1,4}|\\PC{1,3}",
    ]
}

fn id() -> impl Strategy<Value = Id> {
    let other = prop_oneof![
        3 => Just(None),
        1 => user().prop_map(Some),
    ];
    (other, spelling()).prop_map(|(other, spelling)| Id { other, spelling })
}

fn spelling() -> impl Strategy<Value = Vec<Spelling>> {
    use Spelling::{Lower, OtherCase, Plain, Twice, Upper};
    let encoded = prop_oneof![Just(Plain), Just(Upper), Just(Lower)];
    let any = prop_oneof![
        4 => Just(Plain), 1 => Just(Upper), 1 => Just(Lower), 1 => Just(Twice), 1 => Just(OtherCase)
    ];
    prop_oneof![
        4 => Just(Vec::new()),
        2 => vec(encoded, 8),
        1 => vec(any, 8),
    ]
}

fn piece() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&PIECES[..])
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), piece()).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        2 => (at(), piece()).prop_map(|(at, piece)| Edit::Replace(at, piece)),
        1 => (at(), piece()).prop_map(|(at, piece)| Edit::Prepend(at, piece)),
        2 => (at(), piece()).prop_map(|(at, piece)| Edit::Append(at, piece)),
        1 => at().prop_map(Edit::Remove),
        2 => (at(), spelling()).prop_map(|(at, spelling)| Edit::Respell(at, spelling)),
        1 => at().prop_map(Edit::Own),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        120 => Just(Frame::None),
        10 => proptest::sample::select(&STARTS[..]).prop_map(Frame::Start),
        30 => proptest::sample::select(&ENDS[..]).prop_map(Frame::End),
        10 => Just(Frame::Absolute),
        1 => (1000..30_000_usize).prop_map(Frame::Long),
        1 => prop_oneof![Just("*"), Just("alice:443"), Just("http://alice")].prop_map(Frame::Instead),
    ]
}

impl TestRequest {
    /// The URI for a router with these templates, or `None` if it is not valid in a request.
    pub(super) fn uri(&self, templates: &[&str]) -> Option<Uri> {
        let path = self.path(templates[self.template.index(templates.len())]);
        let text = match self.frame {
            Frame::None => path,
            Frame::Start(start) => format!("{start}{path}"),
            Frame::End(end) => format!("{path}{end}"),
            Frame::Absolute => format!("http://example.com{path}"),
            Frame::Long(length) => format!("{path}/{}", "x".repeat(length)),
            Frame::Instead(uri) => uri.to_owned(),
        };
        text.parse().ok()
    }

    fn path(&self, template: &str) -> String {
        let (mut ids, mut fillings) = (self.ids.iter(), self.fillings.iter());
        let fill = |segment: &str| match segment {
            "{user_id}" => ids.next().map(|id| id.spell(&self.user)),
            _ if segment.starts_with('{') => fillings.next().map(|filling| (*filling).to_owned()),
            _ => Some(segment.to_owned()),
        };
        let mut segments: Vec<_> = template.split('/').skip(1).filter_map(fill).collect();
        for edit in &self.edits {
            edit.apply(&mut segments, &self.user);
        }
        format!("/{}", segments.join("/"))
    }
}

impl Id {
    fn spell(&self, user: &str) -> String {
        spell(self.other.as_deref().unwrap_or(user), &self.spelling)
    }
}

impl Edit {
    fn apply(&self, segments: &mut Vec<String>, user: &str) {
        if let Self::Insert(at, piece) = self {
            segments.insert(at.index(segments.len() + 1), (*piece).to_owned());
            return;
        }
        let (Self::Replace(at, _)
        | Self::Prepend(at, _)
        | Self::Append(at, _)
        | Self::Insert(at, _)
        | Self::Remove(at)
        | Self::Respell(at, _)
        | Self::Own(at)) = self;
        if segments.is_empty() {
            return;
        }
        let at = at.index(segments.len());
        let segment = &mut segments[at];
        match self {
            Self::Replace(_, piece) | Self::Insert(_, piece) => *segment = (*piece).to_owned(),
            Self::Prepend(_, piece) => segment.insert_str(0, piece),
            Self::Append(_, piece) => segment.push_str(piece),
            Self::Respell(_, spelling) => *segment = spell(segment, spelling),
            Self::Own(_) => *segment = spell(user, &[]),
            Self::Remove(_) => {
                segments.remove(at);
            }
        }
    }
}

/// The string as a segment. Bytes after the end of the spelling are encoded only if necessary.
fn spell(text: &str, spelling: &[Spelling]) -> String {
    let mut spelled = String::new();
    for (index, byte) in text.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
        match spelling.get(index).copied().unwrap_or(Spelling::Plain) {
            Spelling::Plain if plain => spelled.push(byte.into()),
            Spelling::OtherCase if byte.is_ascii_alphabetic() => {
                spelled.push((byte ^ 0x20).into());
            }
            Spelling::Lower => spelled += &format!("%{byte:02x}"),
            Spelling::Twice => spelled += &format!("%25{byte:02X}"),
            _ => spelled += &format!("%{byte:02X}"),
        }
    }
    spelled
}
