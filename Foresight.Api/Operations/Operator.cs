using Foresight.Api.Access;
using Foresight.Protocol;

namespace Foresight.Api.Operations;

/// <param name="Actor">Name that the caller states; not verified, so it proves nothing.</param>
/// <param name="Key">Name of the admin key that authenticated the request.</param>
public sealed record Operator(string Actor, string Key)
{
    /// <summary>Works only behind the admin gate, which has verified the key. Without a stated name the key's name is used.</summary>
    public static Operator Of(HttpContext http, AdminAccess access)
    {
        var key = access.NameOf(http) ?? throw new InvalidOperationException("The gate lets nobody without a key come here.");
        var name = Uri.UnescapeDataString(http.Request.Headers[ApiHeaders.Operator].ToString()).Trim();
        name = new string([.. name.Where(c => !char.IsControl(c))]);
        return new Operator(name.Length == 0 ? key : Cut(name), key);
    }

    /// <summary>Not within a surrogate pair: half of one is no text, and the database refuses it.</summary>
    private static string Cut(string name)
    {
        const int Length = DecisionLimits.NameLength;
        if (name.Length <= Length)
            return name;
        return name[..(char.IsHighSurrogate(name[Length - 1]) ? Length - 1 : Length)];
    }

    public static ValueTask<Operator> BindAsync(HttpContext http) =>
        ValueTask.FromResult(Of(http, http.RequestServices.GetRequiredService<AdminAccess>()));
}
