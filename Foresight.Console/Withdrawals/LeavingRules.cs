using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Withdrawals;

public static class LeavingRules
{
    public static string ToneOf(string state) =>
        state switch
        {
            WithdrawalStates.Paid or WithdrawalStates.Finished => Tones.Good,
            WithdrawalStates.Leaving or WithdrawalStates.Granted or WithdrawalStates.CoSigned or WithdrawalStates.Paying => Tones.Busy,
            WithdrawalStates.Ready or WithdrawalStates.Expired => Tones.Watch,
            _ => Tones.Quiet,
        };

    /// <summary>
    /// Settlement has half of the delay for what was matched before the request. A request lasts from its block for the whole of it.
    /// </summary>
    public static bool IsTight(VaultWithdrawalView row, DateTimeOffset now) =>
        row is { Kind: WithdrawalKinds.Request, UnsettledFirmTrades: > 0, State: WithdrawalStates.Leaving or WithdrawalStates.Ready }
        && row.Deadline - now < (row.Deadline - row.Since) / 2;
}
