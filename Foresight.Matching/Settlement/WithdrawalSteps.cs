namespace Foresight.Matching.Settlement;

/// <summary>How far a co-signed withdrawal is, as the columns <c>stage</c> and <c>published</c> have it.</summary>
public enum WithdrawalStage : short
{
    Granted = 0,
    CoSigned = 1,

    /// <summary>The deadline has passed, and the vault has not paid. Only <c>published</c> has it.</summary>
    Expired = 2,

    /// <summary>In a block that is not final yet.</summary>
    Paying = 3,

    Paid = 4,
    Lapsed = 5,
}

public static class WithdrawalSteps
{
    private static readonly WithdrawalStage[] Course =
    [
        WithdrawalStage.Granted,
        WithdrawalStage.CoSigned,
        WithdrawalStage.Paying,
        WithdrawalStage.Paid,
    ];

    /// <summary>
    /// The changes from <paramref name="before"/> to <paramref name="after"/>: a withdrawal that is looked at now and then may have gone
    /// more than one step, and its owner is sent each of them.
    /// </summary>
    /// <param name="before">Null: none was sent.</param>
    public static IEnumerable<WithdrawalStage> Between(WithdrawalStage? before, WithdrawalStage after)
    {
        // What had ended was granted again, under the same nonce.
        if (before is WithdrawalStage.Paid or WithdrawalStage.Lapsed && after != before)
            before = null;
        if (after is WithdrawalStage.Expired or WithdrawalStage.Lapsed)
            return before is null ? [WithdrawalStage.Granted, after] : [after];
        // A reorganisation has undone the payment.
        if (before >= after)
            return [after];
        return Course.Where(stage => (before is null || stage > before) && stage <= after);
    }
}
