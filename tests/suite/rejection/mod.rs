//! How a rejection is answered, over HTTP and in gRPC.

mod grpc_web;
mod protocol;
mod respond;
