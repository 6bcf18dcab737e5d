package graphsim

// methodEndpoints are the authentication methods of an account, and the policy of
// Temporary Access Passes. Each type has a pair of narrow permissions of its own.
func methodEndpoints() []*endpoint {
	get := func(template string, perms []string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{method: "GET", template: template, v1: true, beta: true, class: classReport, perms: perms, denied: methodsDenied, handle: handle}
	}
	write := func(method, template string, perms []string, handle func(*call) (*response, error)) *endpoint {
		return &endpoint{method: method, template: template, v1: true, beta: true, class: classReport, perms: perms, denied: methodsDenied, handle: handle}
	}
	const base = "/users/{id}/authentication/"
	endpoints := []*endpoint{
		get(base+"methods", methodRead(), listMethods("")),
		get(base+"methods/{method}", methodRead(), getMethod("")),
		{
			method: "GET", template: "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass", v1: true, beta: true,
			cost: 1, perms: []string{"Policy.Read.AuthenticationMethod", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"}, handle: getPassPolicy,
		},
	}
	for _, m := range []struct{ collection, permission string }{
		{collectionPassword, "Password"},
		{collectionPhone, "Phone"},
		{collectionAuthenticator, "MicrosoftAuthApp"},
		{collectionSoftwareOath, "SoftwareOATH"},
		{collectionFIDO2, "Passkey"},
		{collectionWindowsHello, "WindowsHello"},
		{collectionPlatform, "PlatformCred"},
		{collectionEmail, "Email"},
		{collectionExternal, "External"},
		{collectionAccessPass, "TAP"},
	} {
		narrow := "UserAuthMethod-" + m.permission
		mayRead := append(methodRead(), narrow+".Read.All", narrow+".ReadWrite.All")
		mayWrite := []string{narrow + ".ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
		endpoints = append(endpoints,
			get(base+m.collection, mayRead, listMethods(m.collection)),
			get(base+m.collection+"/{method}", mayRead, getMethod(m.collection)))
		if m.collection != collectionPassword { // which can be reset, but not removed
			endpoints = append(endpoints, write("DELETE", base+m.collection+"/{method}", mayWrite, deleteMethod(m.collection)))
		}
		if m.collection == collectionAccessPass {
			endpoints = append(endpoints, write("POST", base+m.collection, mayWrite, createTemporaryAccessPass))
		}
	}
	return endpoints
}

func methodRead() []string {
	return []string{"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}
}
