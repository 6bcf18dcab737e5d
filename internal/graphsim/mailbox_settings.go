package graphsim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// mailbox finds an account's mailbox.
func (c *call) mailbox() (*userRecord, error) {
	r, ok := c.tenant.find(c.params[0])
	switch {
	case !ok:
		return nil, &graphError{
			status: http.StatusNotFound, code: "ErrorInvalidUser", message: "The requested user '" + c.params[0] + "' is invalid.",
		}
	case r.mailbox == MailboxNone:
		return nil, &graphError{
			status: http.StatusNotFound, code: "MailboxNotEnabledForRESTAPI",
			message: "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
		}
	}
	return r, nil
}

// mailboxDenied is how Exchange answers a token without its permission.
func mailboxDenied(...string) *graphError {
	return &graphError{status: http.StatusForbidden, code: "ErrorAccessDenied", message: "Access is denied. Check credentials and try again."}
}

// getMailboxSettings: api/user-get-mailboxsettings.md.
func getMailboxSettings(c *call) (*response, error) {
	r, err := c.mailbox()
	if err != nil {
		return nil, err
	}
	members, err := project(c.query, "microsoft.graph.mailboxSettings", c.tenant.mailboxSettings(r))
	if err != nil {
		return nil, err
	}
	return entity(c.context(settingsContext(r)), members), nil
}

// getUserPurpose answers with one setting (example 4 of the same page).
func getUserPurpose(c *call) (*response, error) {
	r, err := c.mailbox()
	if err != nil {
		return nil, err
	}
	return entity(c.context(settingsContext(r)+"/userPurpose"), []jsonMember{{"value", r.mailbox}}), nil
}

func settingsContext(r *userRecord) string { return "users('" + r.current.id + "')/mailboxSettings" }

// mailboxSettings shows what was set, and for the rest what a new mailbox has.
func (t *tenant) mailboxSettings(r *userRecord) []jsonMember {
	set := t.mailboxes[r.current.id]
	or := func(value, usual string) string {
		if value == "" {
			return usual
		}
		return value
	}
	locale := or(set.Locale, or(r.current.str(propPreferredLanguage), "en-US"))
	zone := or(set.TimeZone, "UTC")
	replies := set.AutomaticReplies
	if replies == nil {
		replies = newReplies(r.current.time(propCreatedDateTime))
	}
	return []jsonMember{
		{"archiveFolder", nil},
		{"timeZone", zone},
		{"delegateMeetingMessageDeliveryOptions", or(set.DelegateMessages, "sendToDelegateOnly")},
		{"dateFormat", or(set.DateFormat, "M/d/yyyy")},
		{"timeFormat", or(set.TimeFormat, "h:mm tt")},
		{"userPurpose", r.mailbox},
		{"automaticRepliesSetting", replies},
		{"language", map[string]string{"locale": locale, "displayName": localeName(locale)}},
		{"workingHours", map[string]any{
			"daysOfWeek": []string{"monday", "tuesday", "wednesday", "thursday", "friday"},
			"startTime":  "08:00:00.0000000", "endTime": "17:00:00.0000000", "timeZone": map[string]string{"name": zone},
		}},
	}
}

// newReplies are switched off; the times are there all the same.
func newReplies(created time.Time) *AutomaticReplies {
	at := func(t time.Time) *ZonedInstant {
		return &ZonedInstant{DateTime: t.UTC().Truncate(time.Hour).Format("2006-01-02T15:04:05.0000000"), TimeZone: "UTC"}
	}
	return &AutomaticReplies{
		Status: "disabled", ExternalAudience: "all", ScheduledStart: at(created), ScheduledEnd: at(created.AddDate(0, 0, 1)),
	}
}

// localeName is the English name of the locales that the simulator's people use.
func localeName(locale string) string {
	switch locale {
	case "en-US":
		return "English (United States)"
	case "en-GB":
		return "English (United Kingdom)"
	case "de-DE":
		return "German (Germany)"
	case "de-AT":
		return "German (Austria)"
	case "de-CH":
		return "German (Switzerland)"
	default:
		return locale
	}
}

// patchMailboxSettings: api/user-update-mailboxsettings.md. The answer shows the
// settings that were named.
func patchMailboxSettings(c *call) (*response, error) {
	body, err := c.jsonBody()
	if err != nil {
		return nil, err
	}
	for name := range body {
		if strings.Contains(name, "@odata.") {
			delete(body, name)
		}
	}
	c.entry.Fields = slices.Sorted(maps.Keys(body))
	r, err := c.mailbox()
	if err != nil {
		return nil, err
	}
	before := c.tenant.mailboxes[r.current.id]
	set := before
	for _, name := range c.entry.Fields {
		if err := set.change(name, body[name]); err != nil {
			return nil, err
		}
	}
	if string(mustJSON(set)) != string(mustJSON(before)) {
		c.tenant.mailboxes[r.current.id] = set
		c.tenant.stats.effect(r.current.id, EffectMailbox)
	}
	var members []jsonMember
	for _, m := range c.tenant.mailboxSettings(r) {
		if slices.ContainsFunc(c.entry.Fields, func(name string) bool { return equalName(name, m.name) }) {
			members = append(members, m)
		}
	}
	return entity(c.context(settingsContext(r)), members), nil
}

// change sets one setting.
func (m *MailboxSpec) change(name string, raw json.RawMessage) (err error) {
	switch strings.ToLower(name) {
	case "automaticrepliessetting":
		err = m.changeReplies(raw)
	case "timezone":
		err = m.changeTimeZone(raw)
	case "language":
		err = m.changeLanguage(raw)
	case "dateformat":
		m.DateFormat, err = settingText(name, raw)
	case "timeformat":
		m.TimeFormat, err = settingText(name, raw)
	case "delegatemeetingmessagedeliveryoptions":
		if m.DelegateMessages, err = settingText(name, raw); err == nil {
			m.DelegateMessages, err = settingWord(name, m.DelegateMessages,
				"sendToDelegateAndInformationToPrincipal", "sendToDelegateAndPrincipal", "sendToDelegateOnly")
		}
	case "workinghours":
		err = notSimulated("a change of " + name)
	case "userpurpose", "archivefolder":
		err = invalidSetting("The property '" + name + "' is read-only and cannot be set.")
	default:
		err = odataBadRequest("The property '" + name + "' does not exist on type 'microsoft.graph.mailboxSettings'.")
	}
	return err
}

// invalidSetting is how Exchange refuses a value.
func invalidSetting(message string) error {
	return &graphError{status: http.StatusBadRequest, code: "ErrorInvalidRequest", message: message}
}

func settingText(name string, raw json.RawMessage) (string, error) {
	value, err := decodeAs[string](raw)
	if err != nil || value == "" {
		return "", invalidSetting("The value of '" + name + "' is invalid.")
	}
	return value, nil
}

// settingWord spells the value of an enumeration as Graph does.
func settingWord(name, value string, words ...string) (string, error) {
	i := slices.IndexFunc(words, func(word string) bool { return equalName(word, value) })
	if i < 0 {
		return "", invalidSetting("The value '" + value + "' of '" + name + "' is invalid.")
	}
	return words[i], nil
}

func (m *MailboxSpec) changeTimeZone(raw json.RawMessage) error {
	value, err := decodeAs[string](raw)
	if err != nil || !knownTimeZone(value) {
		return &graphError{
			status: http.StatusBadRequest, code: "TimeZoneNotSupportedException",
			message: "A valid TimeZone value must be specified. The following TimeZone value is not supported: '" + value + "'.",
		}
	}
	m.TimeZone = value
	return nil
}

// knownTimeZone takes the forms of IANA and of Windows, without a list of either.
func knownTimeZone(name string) bool {
	area, place, iana := strings.Cut(name, "/")
	return name == "UTC" || strings.HasSuffix(name, " Standard Time") || iana && area != "" && place != "" && !strings.Contains(name, " ")
}

func (m *MailboxSpec) changeLanguage(raw json.RawMessage) error {
	value, err := decodeAs[struct {
		Locale string `json:"locale"`
	}](raw)
	if err != nil || len(value.Locale) < 2 || strings.Contains(value.Locale, " ") {
		return invalidSetting("The value of 'language' is invalid.")
	}
	m.Locale = value.Locale
	return nil
}

// changeReplies changes the parts that are named and leaves the others.
func (m *MailboxSpec) changeReplies(raw json.RawMessage) error {
	next := AutomaticReplies{Status: "disabled", ExternalAudience: "all"}
	if m.AutomaticReplies != nil {
		next = *m.AutomaticReplies
		next.ScheduledStart, next.ScheduledEnd = clonePointer(next.ScheduledStart), clonePointer(next.ScheduledEnd)
	}
	if err := json.Unmarshal(raw, &next); err != nil {
		return invalidSetting("The value of 'automaticRepliesSetting' is invalid.")
	}
	var err error
	if next.Status, err = settingWord("status", next.Status, "disabled", "alwaysEnabled", "scheduled"); err != nil {
		return err
	}
	if next.ExternalAudience, err = settingWord("externalAudience", next.ExternalAudience, "none", "contactsOnly", "all"); err != nil {
		return err
	}
	if next.Status == "scheduled" && (next.ScheduledStart == nil || next.ScheduledEnd == nil || next.ScheduledEnd.DateTime <= next.ScheduledStart.DateTime) {
		return invalidSetting("A schedule of automatic replies must end after it starts.")
	}
	m.AutomaticReplies = &next
	return nil
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
