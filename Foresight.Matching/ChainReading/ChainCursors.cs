namespace Foresight.Matching.ChainReading;

/// <summary>Names in table chain_cursors that several stages read.</summary>
public static class ChainCursors
{
    /// <summary>The last confirmed block whose facts the engine has.</summary>
    public const string Follower = "follower";

    /// <summary>Exists after a reorganisation until every account has been observed again.</summary>
    public const string Reobserve = "follower-reobserve";
}
