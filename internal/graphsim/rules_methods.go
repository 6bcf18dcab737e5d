package graphsim

func methodRules() []Rule {
	return []Rule{
		{"GS-METHOD-01", "authentication/methods lists at once what a person registered, with @odata.type, the password included; the registration report tells the same later."},
		{"GS-METHOD-02", "Each type has a collection of its own, and each method an address; v1.0 shows no hardware tokens and no security questions."},
		{"GS-METHOD-03", "A removed method answers 204 and is gone from the list and the report; a password cannot be removed, and what is not there is 404."},
		{"GS-METHOD-04", "The default method cannot be removed while another second factor is registered: 400."},
		{"GS-METHOD-05", "The mobile phone cannot be removed before the alternate one: 400."},
		{"GS-METHOD-06", "Reading needs UserAuthenticationMethod.Read.All, writing ReadWrite.All or the type's own UserAuthMethod permission, else 403 accessDenied; methods draw on the budget of reports."},
		{"GS-METHOD-07", "authentication/methods takes no query options."},
		{"GS-TAP-01", "A Temporary Access Pass is made with 201, and its secret is shown then and never again."},
		{"GS-TAP-02", "Where the policy does not allow one for the account, the answer is 400; external guests cannot have one."},
		{"GS-TAP-03", "Lifetime and one-time use must be what the policy allows; without a lifetime it is the policy's default."},
		{"GS-TAP-04", "A new pass replaces the one before."},
		{"GS-TAP-05", "isUsable and methodUsabilityReason follow the time, the policy and use."},
		{"GS-TAP-06", "The policy is read with Policy.Read.All: state, lifetimes, one-time use and targets; it is disabled until enabled."},
	}
}
