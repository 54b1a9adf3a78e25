namespace Foresight.Matching.ChainReading;

public static class ChainCursors
{
    public const string Follower = "follower";

    /// <summary>
    /// Exists after a reorganisation until every account has been observed again, because an undone event leaves no event behind.
    /// </summary>
    public const string Reobserve = "follower-reobserve";

    /// <summary>Up to here reconciliation knows who has had money in the vault.</summary>
    public const string Vault = "vault";
}
