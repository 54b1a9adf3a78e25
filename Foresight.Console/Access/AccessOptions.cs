namespace Foresight.Console.Access;

/// <summary>Names and bounds of signing in.</summary>
public static class AccessOptions
{
    public const string SessionClaim = "foresight:session";
    public const string KeyItem = "foresight:admin-key";
    public const string SignInPath = "/sign-in";
    public const string SignInLimit = "sign-in";

    /// <summary>Of inactivity: each use of the console begins it anew.</summary>
    public static readonly TimeSpan SessionLength = TimeSpan.FromHours(8);

    /// <summary>
    /// Tries at the key from one address in a minute; guessing a key of 128 bits stays hopeless, and the Api is not flooded.
    /// </summary>
    public const int TriesPerMinute = 20;
}
