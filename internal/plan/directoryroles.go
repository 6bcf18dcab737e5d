package plan

// tenantScope is the directory scope of the whole tenant.
const tenantScope = "/"
