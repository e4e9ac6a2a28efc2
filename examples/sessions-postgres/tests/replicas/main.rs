//! Three replicas of the example, whose sessions a real Better Auth writes into a real PostgreSQL.

mod ends;
mod outages;
mod postgres;
mod process;
mod site;
