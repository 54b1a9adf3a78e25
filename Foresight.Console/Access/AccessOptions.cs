namespace Foresight.Console.Access;

public static class AccessOptions
{
    public const string SessionClaim = "foresight:session";
    public const string KeyItem = "foresight:admin-key";
    public const string SignInPath = "/sign-in";
    public const string SessionPath = "/session";
    public const string SignInLimit = "sign-in";

    public static readonly TimeSpan SessionLength = TimeSpan.FromHours(8);

    /// <summary>Of <see cref="TriesPerMinute"/>.</summary>
    public const int TriesWindowSeconds = 60;

    /// <summary>
    /// Sign-in attempts per minute and address. A key of 128 bits cannot be guessed anyway; the limit protects the Api from a flood.
    /// </summary>
    public const int TriesPerMinute = 20;
}
