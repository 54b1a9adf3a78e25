using Foresight.Matching.Settlement;
using static Foresight.Matching.Settlement.WithdrawalStage;

namespace Foresight.Matching.Tests.Settlement;

[Trait("Category", "Firm")]
public sealed class WithdrawalStepsTests
{
    [Theory]
    [InlineData(null, Granted, new[] { Granted })]
    [InlineData(null, CoSigned, new[] { Granted, CoSigned })]
    [InlineData(null, Paid, new[] { Granted, CoSigned, Paying, Paid })]
    [InlineData(null, Lapsed, new[] { Granted, Lapsed })]
    [InlineData(Granted, CoSigned, new[] { CoSigned })]
    [InlineData(Granted, Paying, new[] { CoSigned, Paying })]
    [InlineData(CoSigned, Paid, new[] { Paying, Paid })]
    [InlineData(CoSigned, Expired, new[] { Expired })]
    [InlineData(Expired, Paying, new[] { Paying })]
    [InlineData(Expired, Paid, new[] { Paying, Paid })]
    [InlineData(Expired, Lapsed, new[] { Lapsed })]
    [InlineData(CoSigned, Lapsed, new[] { Lapsed })]
    // A reorganisation undoes the payment.
    [InlineData(Paying, CoSigned, new[] { CoSigned })]
    // The nonce serves again.
    [InlineData(Lapsed, Granted, new[] { Granted })]
    [InlineData(Lapsed, CoSigned, new[] { Granted, CoSigned })]
    public void EachStepBetween_IsTold_InItsOrder(WithdrawalStage? before, WithdrawalStage after, WithdrawalStage[] told) =>
        Assert.Equal(told, WithdrawalSteps.Between(before, after));
}
