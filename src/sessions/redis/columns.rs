//! The columns of stored records that become claims.

use super::super::record::Record;

/// The columns of a user that Better Auth and its own plugins return to clients.
const USER_COLUMNS: [&str; 18] = [
    "id",
    "name",
    "email",
    "emailVerified",
    "image",
    "createdAt",
    "updatedAt",
    "username",
    "displayUsername",
    "phoneNumber",
    "phoneNumberVerified",
    "isAnonymous",
    "lastLoginMethod",
    "twoFactorEnabled",
    "role",
    "banned",
    "banReason",
    "banExpires",
];

const SESSION_COLUMNS: [&str; 11] = [
    "id",
    "token",
    "userId",
    "expiresAt",
    "createdAt",
    "updatedAt",
    "ipAddress",
    "userAgent",
    "impersonatedBy",
    "activeOrganizationId",
    "activeTeamId",
];

/// The columns that become claims. Redis also has those that Better Auth hides from clients
/// (`returned: false`).
#[derive(Clone, Default)]
pub(in crate::sessions) struct Columns {
    /// The names of the application's own columns.
    pub(in crate::sessions) user: Vec<String>,
    pub(in crate::sessions) session: Vec<String>,
}

impl Columns {
    /// Removes all other columns.
    pub(super) fn retain(&self, record: &mut Record) {
        let is_listed = |name: &str, known: &[&str], own: &[String]| {
            known.contains(&name) || own.iter().any(|own| own == name)
        };
        { &mut record.user }.retain(|name, _| is_listed(name, &USER_COLUMNS, &self.user));
        { &mut record.session }.retain(|name, _| is_listed(name, &SESSION_COLUMNS, &self.session));
    }
}
