//! The hosts of the identifiers of protected resources.

use tower_jwt_auth::ProtectedResource;

#[test]
fn a_host_that_programs_write_in_different_ways_is_rejected() {
    for (host, is_accepted) in [
        ("api.example.com", true),
        ("api.example.com:8443", true),
        ("xn--9ca.example", true),
        ("a_b.example", true),
        ("api", true),
        ("1.example", true),
        ("192.0.2.1", true),
        ("192.0.2.1:8443", true),
        ("[2001:db8::1]", true),
        ("[2001:db8::1]:8443", true),
        ("api.example.com:08443", false),
        ("api.example.com:0443", false),
        ("[::1]:0443", false),
        ("[::1]:443", false),
        ("[0:0:0:0:0:0:0:1]", false),
        ("[2001:DB8::1]", false),
        ("[2001:0db8::1]", false),
        ("[fe80::1%25eth0]", false),
        ("127.1", false),
        ("2130706433", false),
        ("0x7f000001", false),
        ("192.0.2.01", false),
        ("192.0.2.1.", false),
        ("*", false),
        ("a,b", false),
        ("a;b", false),
        ("a'b", false),
        ("a=b", false),
        ("$a", false),
        ("a~b", false),
    ] {
        let identifier = format!("https://{host}/mcp");
        let resource = ProtectedResource::new(&identifier, "https://login.example.com");
        assert_eq!(resource.is_ok(), is_accepted, "{identifier}");
    }
}
