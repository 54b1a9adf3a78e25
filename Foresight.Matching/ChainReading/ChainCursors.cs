namespace Foresight.Matching.ChainReading;

/// <summary>Names in table chain_cursors that more than one stage reads.</summary>
public static class ChainCursors
{
    /// <summary>The last confirmed block whose facts the engine has.</summary>
    public const string Follower = "follower";

    /// <summary>There after a reorganisation, until every account was observed again.</summary>
    public const string Reobserve = "follower-reobserve";
}
