//! The responses to rejected requests, over HTTP and in gRPC.

mod grpc_web;
mod protocol;
mod respond;
