using Foresight.Protocol;

namespace Foresight.Console.Live;

public static class Tones
{
    public const string Good = "good";
    public const string Busy = "busy";
    public const string Watch = "watch";
    public const string Bad = "bad";
    public const string Quiet = "quiet";

    public const string Healthy = "healthy";
    public const string Unhealthy = "unhealthy";
    public const string NoLeader = "no leader";

    /// <summary>"open" is good for a market, although it is not for a discrepancy.</summary>
    public static string OfMarket(string state) => state == MarketStates.Open ? Good : Of(state);

    /// <summary>"refused" is no fault here, because automation leaves the repair to a person.</summary>
    public static string OfRepair(string state) => state == RepairStates.Refused ? Watch : Good;

    public static string Of(string state) =>
        state switch
        {
            NodeStates.Active or NodeStates.Running or RunStates.Succeeded or Healthy => Good,
            TradeStates.Final or CoverageStates.Covered or DiscrepancyStates.Resolved or OffenderLevels.Clear => Good,
            NodeStates.Recovering or NodeStates.Acquiring or NodeStates.Draining => Busy,
            TradeStates.Matched or TradeStates.Batched or TradeStates.Broadcast or TradeStates.Mined or DiscrepancyStates.Acknowledged =>
                Busy,
            DiscrepancyStates.Open or DiscrepancyStates.Reopened or Severities.Medium or Severities.High => Watch,
            MarketStates.Paused or CoverageStates.Undone or OffenderLevels.Capped => Watch,
            RunStates.Failed or Severities.Critical or OffenderLevels.Refused or Unhealthy or NoLeader => Bad,
            _ => Quiet,
        };
}
