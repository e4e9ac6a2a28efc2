//! [`Message`]: what a JSON-RPC message executes; used by `rules`.

use std::borrow::Cow;

use super::members::{Member, Members};
use crate::nesting::is_too_deep;

/// A JSON-RPC message of a client (the schemas of MCP 2025-11-25 and 2026-07-28, and of the
/// extensions for tasks and skills).
pub(super) struct Message<'a> {
    /// Responses have no method.
    pub(super) method: Option<Cow<'a, str>>,
    pub(super) target: Target<'a>,
}

/// What a message executes, reads, or subscribes to.
pub(super) enum Target<'a> {
    Tool(Cow<'a, str>),
    Resource(Cow<'a, str>),
    Prompt(Cow<'a, str>),
    /// The resources of a subscription.
    Resources(Vec<Cow<'a, str>>),
    /// A task, which has no rule, because its ID does not name the tool that runs.
    Task(Cow<'a, str>),
    Nothing,
}

impl<'a> Message<'a> {
    /// Reads a message. Returns `None` if it is not one JSON-RPC message, if two parsers could read
    /// it differently, or if its method requires a name that it does not have.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        if is_too_deep(body) {
            return None;
        }
        // serde_json does not check the encoding of strings that it skips.
        let members = Members::read(std::str::from_utf8(body).ok()?).ok()?;
        let method = match members.method {
            Member::Absent => None,
            Member::Text(ref method) => Some(method.clone()),
            _ => return None,
        };
        let target = match &method {
            Some(method) => Target::read(method, members)?,
            None => Target::Nothing,
        };
        Some(Self { method, target })
    }
}

impl<'a> Target<'a> {
    fn read(method: &str, members: Members<'a>) -> Option<Self> {
        Some(match method {
            "tools/call" => Self::Tool(required(members.name)?),
            "prompts/get" => Self::Prompt(required(members.name)?),
            "resources/read"
            | "resources/subscribe"
            | "resources/unsubscribe"
            | "resources/directory/read"
            | "skills/get" => Self::Resource(required(members.uri)?),
            "subscriptions/listen" => match members.subscriptions {
                Member::Absent | Member::Null => Self::Nothing,
                Member::Texts(uris) => Self::Resources(uris),
                _ => return None,
            },
            "completion/complete" => match &*required(members.ref_type)? {
                "ref/prompt" => Self::Prompt(required(members.ref_name)?),
                "ref/resource" => Self::Resource(required(members.ref_uri)?),
                _ => return None,
            },
            "tasks/get" | "tasks/update" | "tasks/cancel" => {
                required(members.task_id).map_or(Self::Nothing, Self::Task)
            }
            _ => Self::Nothing,
        })
    }
}

fn required(member: Member<'_>) -> Option<Cow<'_, str>> {
    match member {
        Member::Text(text) => Some(text),
        _ => None,
    }
}
