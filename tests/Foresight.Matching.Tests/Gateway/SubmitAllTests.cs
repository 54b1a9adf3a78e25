using Foresight.Matching.Gateway;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Gateway;

[Trait("Category", "Trust")]
public sealed class SubmitAllTests
{
    private const int Wallet = 1;
    private const int Key = 2;

    private readonly Traders _traders = new(seed: 52);
    private readonly List<LeaderCommand> _submitted = [];
    private readonly Dictionary<LeaderCommand, Task<CommandGuard.Refusal?>> _checks = new(ReferenceEqualityComparer.Instance);

    [Fact]
    public async Task ACommandWhoseCheckLasts_KeepsNoOtherMakersWaiting()
    {
        var (held, other, refused) = (Order(Wallet), Order(Key), Order(3));
        var check = Held(held);
        _checks[refused] = Task.FromResult<CommandGuard.Refusal?>(CommandGuard.BadSignature);
        var answers = SubmitAll(held, other, refused);
        Assert.Equal([other], _submitted);
        Assert.Equal(ResultStatus.Accepted, (await answers[1]).Status);
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.InvalidSignature), ((await answers[2]).Status, (await answers[2]).Code));

        check.SetResult(null);
        Assert.Equal((ResultStatus.Accepted, held.RequestId), ((await answers[0]).Status, (await answers[0]).RequestId));
        Assert.Equal([other, held], _submitted);
    }

    [Fact]
    public async Task CommandsOfOneMaker_KeepTheirOrder_WhicheverCheckEndsFirst()
    {
        var (order, cancel, another, later) = (Order(Wallet), Cancel(Wallet), Order(Key), Order(Wallet));
        var (ofOrder, ofCancel) = (Held(order), Held(cancel));
        // The same maker in another spelling, and without a check of its own.
        var spelled = later with
        {
            Maker = later.Maker.ToUpperInvariant().Replace("0X", "0x", StringComparison.Ordinal),
        };
        var answers = SubmitAll(order, cancel, another, spelled);
        ofCancel.SetResult(null);
        Assert.Equal([another], _submitted);
        ofOrder.SetResult(null);
        await Task.WhenAll(answers);
        Assert.Equal([another, order, cancel, spelled], _submitted);
    }

    [Fact]
    public async Task ARefusedCommand_StillLetsTheNextOfItsMakerThrough()
    {
        var (order, cancel) = (Order(Wallet), Cancel(Wallet));
        var check = Held(order);
        var answers = SubmitAll(order, cancel);
        Assert.Empty(_submitted);
        check.SetResult(CommandGuard.Unchecked);
        Assert.Equal((ResultStatus.Late, ProblemCodes.Unavailable), ((await answers[0]).Status, (await answers[0]).Code));
        Assert.Equal(ResultStatus.Accepted, (await answers[1]).Status);
        Assert.Equal([cancel], _submitted);
    }

    [Fact]
    public async Task ACheckThatIsGivenUp_WithItsRequest_SubmitsNothing()
    {
        var (order, cancel) = (Order(Wallet), Cancel(Wallet));
        var check = Held(order);
        var answers = SubmitAll(order, cancel);
        check.SetCanceled();
        foreach (var answer in answers)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        Assert.Empty(_submitted);
    }

    private TaskCompletionSource<CommandGuard.Refusal?> Held(LeaderCommand command)
    {
        var check = new TaskCompletionSource<CommandGuard.Refusal?>();
        _checks[command] = check.Task;
        return check;
    }

    private Task<CommandResult>[] SubmitAll(params LeaderCommand[] commands) =>
        CommandGateway.SubmitAll(
            commands,
            _checks,
            command =>
            {
                _submitted.Add(command);
                return Task.FromResult(new CommandResult(command.RequestId, ResultStatus.Accepted));
            }
        );

    private PlaceOrder Order(int maker) => _traders.Place(maker, 1, 0, isBuy: true, price: 4_000, lots: 10);

    private static CancelBySalt Cancel(int maker) => Traders.SignedCancel(maker, 1, salt: "7");
}
