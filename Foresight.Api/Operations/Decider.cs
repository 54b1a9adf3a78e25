using Foresight.Api.Access;

namespace Foresight.Api.Operations;

/// <summary>Who acts on an operations route.</summary>
/// <param name="Actor">Who they say they are.</param>
/// <param name="Key">Name of the key that they showed.</param>
public sealed record Decider(string Actor, string Key)
{
    /// <summary>Whom the console acts for, percent-encoded; it goes into the audit trail, beside the name of the key.</summary>
    private const string OperatorHeader = "X-Foresight-Operator";

    /// <summary>Of a request that the gate has let through. Without a name, the key's name is it.</summary>
    public static Decider Of(HttpContext http, AdminAccess access)
    {
        var key = access.NameOf(http) ?? throw new InvalidOperationException("The gate lets nobody without a key come here.");
        var name = Uri.UnescapeDataString(http.Request.Headers[OperatorHeader].ToString()).Trim();
        name = new string([.. name.Where(c => !char.IsControl(c))]);
        return new Decider(
            name.Length == 0 ? key : name.Length > DiscrepancyRules.MaxActor ? name[..DiscrepancyRules.MaxActor] : name, key);
    }
}
