using Foresight.Matching.Loop;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Loop;

[Trait("Category", "Trust")]
public sealed class MatchingSessionTests
{
    private readonly CommandQueue _queue = new(epoch: 1);
    private readonly MatchingSession _session;

    public MatchingSessionTests() => _session = new MatchingSession(null!, _queue, null!);

    [Fact]
    public void AllWhoAskBeforeTheAnswer_ShareOneProof()
    {
        var asked = _session.RequestProof();
        Assert.Same(asked, _session.RequestProof());
        Assert.Same(asked, Assert.Single(_queue.Take()));
        asked!.Answer.SetResult(new StateDigest("n1", 1, 7, "hash"));
        Assert.NotSame(asked, _session.RequestProof());
    }

    [Fact]
    public void AfterTheTerm_NobodyWaitsForAProofThatNeverComes()
    {
        _queue.Close();
        Assert.Null(_session.RequestProof());
        Assert.Null(_session.RequestProof());
    }
}
