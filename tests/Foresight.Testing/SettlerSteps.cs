using System.Text.Json.Nodes;
using Foresight.Chain.Contracts;

namespace Foresight.Testing;

/// <summary>
/// The points between a match and its finality at which the process that settles can die, found from outside, by its requests to the chain,
/// so that the product has no code for tests.
/// </summary>
public static class SettlerSteps
{
    /// <summary>For one death each: a step may remember what came before it.</summary>
    public static IReadOnlyList<(string Step, Func<ProxiedCall, bool> IsThere)> All() =>
        [
            ("bytes stored, not sent", call => call is { Method: "eth_sendRawTransaction", Result: null }),
            ("sent, not recorded", call => call is { Method: "eth_sendRawTransaction", Result: not null }),
            ("mined, not recorded", call => call is { Method: "eth_getTransactionReceipt", Result: JsonObject }),
            ("confirmed, leader not told", TellsOfTheTrade),
            ("leader told, cursor not moved", new ThenReadsBalances().IsThere),
        ];

    private static bool TellsOfTheTrade(ProxiedCall call) =>
        call.Method == "eth_getLogs"
        && call.Result?.ToJsonString().Contains(MarketEvents.TradeSettled.Topic.ToString(), StringComparison.Ordinal) == true;

    private sealed class ThenReadsBalances
    {
        private string? _told;

        public bool IsThere(ProxiedCall call)
        {
            if (TellsOfTheTrade(call))
                _told = call.Node;
            return _told == call.Node
                && call.Method == "eth_call"
                && call.Parameters?[1]?.ToString().StartsWith("0x", StringComparison.Ordinal) == true;
        }
    }
}
