using Foresight.Api.Access;
using Foresight.Protocol;

namespace Foresight.Api.Operations;

/// <summary>The caller of an operations route that changes something.</summary>
/// <param name="Actor">Who they say they are.</param>
/// <param name="Key">Name of the key that they showed.</param>
public sealed record Operator(string Actor, string Key)
{
    /// <summary>Of a request that the gate has let through. Without a name, the key's name is it.</summary>
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

    /// <summary>For endpoint parameters.</summary>
    public static ValueTask<Operator> BindAsync(HttpContext http) =>
        ValueTask.FromResult(Of(http, http.RequestServices.GetRequiredService<AdminAccess>()));
}
