package controllers

import (
	"os"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// documentedProfile are the permissions that the documentation marks as needed in a
// column of its profiles.
func documentedProfile(column string) []string {
	GinkgoHelper()
	page, err := os.ReadFile("../docs/app-registration.md")
	Expect(err).NotTo(HaveOccurred())
	var header, permissions []string
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		switch {
		case strings.HasPrefix(line, "| Microsoft Graph application permission | for | Observe"):
			header = cells
		case header == nil || !strings.HasPrefix(line, "| `"):
		case strings.HasPrefix(line, "| `AppRoleAssignment"): // the next table
			return permissions
		default:
			for i, name := range header {
				if strings.TrimSpace(name) == column && strings.TrimSpace(cells[i]) == "✓" {
					for _, found := range regexp.MustCompile("`([A-Z][A-Za-z-]+\\.[A-Za-z.]+)`").FindAllStringSubmatch(cells[1], -1) {
						permissions = append(permissions, found[1])
					}
				}
			}
		}
	}
	return permissions
}

var _ = DescribeTable("A documented profile is enough for all that it promises",
	func(profile string, without ...string) {
		permissions := documentedProfile(profile)
		Expect(permissions).To(ContainElement("Organization.Read.All"))
		var lacking []string
		for _, need := range append(readings(), writings()...) {
			if len(need.missing(permissions)) > 0 {
				lacking = append(lacking, need.name)
			}
		}
		Expect(lacking).To(ConsistOf(without))
	},
	Entry("Observe reads everything, and writes nothing", "Observe",
		"BlockSignIn", "RevokeSessions", "RequirePasswordChange", "CreateUsers", "RestoreUsers", "DeleteUsers", "IssueTemporaryAccessPass",
		"UpdateProfile", "UpdatePhones", "SetManager", "AssignLicenses", "WriteGroups", "AssignAppRoles", "AssignDirectoryRoles"),
	Entry("Helpdesk also suspends and asks for new passwords", "Helpdesk",
		"CreateUsers", "RestoreUsers", "DeleteUsers", "IssueTemporaryAccessPass",
		"UpdateProfile", "UpdatePhones", "SetManager", "AssignLicenses", "WriteGroups", "AssignAppRoles", "AssignDirectoryRoles"),
	Entry("Lifecycle does everything, but for what is optional or of tier 0", "Lifecycle",
		"IssueTemporaryAccessPass", "AssignAppRoles", "AssignDirectoryRoles"),
)
