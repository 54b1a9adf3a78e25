namespace Foresight.Console.Live;

/// <summary>What a state means to an operator: good, busy, watch, bad, quiet.</summary>
public static class Tones
{
    public static string OfMarket(string state) => state == "open" ? "good" : Of(state);

    public static string Of(string state) => state switch
    {
        "active" or "running" or "healthy" or "final" or "succeeded" or "covered" or "resolved" or "clear" => "good",
        "recovering" or "acquiring" or "draining" or "batched" or "broadcast" or "mined" or "matched" or "acknowledged" => "busy",
        "open" or "reopened" or "medium" or "paused" or "lagging" or "high" or "capped" or "undone" => "watch",
        "failed" or "critical" or "unhealthy" or "lost" or "no leader" or "missing" or "refused" => "bad",
        _ => "quiet",
    };
}
