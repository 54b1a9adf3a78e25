using Foresight.Api.Access;
using Foresight.Protocol;

namespace Foresight.Api.Operations;

/// <param name="Actor">Name that the caller states; not verified.</param>
/// <param name="Key">Name of the admin key that authenticated the request.</param>
public sealed record Operator(string Actor, string Key)
{
    /// <summary>Requires a request that has passed the admin gate. Without a stated name the key's name is used.</summary>
    public static Operator Of(HttpContext http, AdminAccess access)
    {
        var key = access.NameOf(http) ?? throw new InvalidOperationException("The gate lets nobody without a key come here.");
        var name = Uri.UnescapeDataString(http.Request.Headers[ApiHeaders.Operator].ToString()).Trim();
        name = new string([.. name.Where(c => !char.IsControl(c))]);
        return new Operator(
            name.Length == 0 ? key
                : name.Length > DecisionLimits.NameLength ? name[..DecisionLimits.NameLength]
                : name,
            key
        );
    }

    /// <summary>Called by the framework to bind an endpoint's parameter.</summary>
    public static ValueTask<Operator> BindAsync(HttpContext http) =>
        ValueTask.FromResult(Of(http, http.RequestServices.GetRequiredService<AdminAccess>()));
}
