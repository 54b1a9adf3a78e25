using Foresight.Api.Operations.Acts;
using Foresight.Cluster.Proof;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations;

[Trait("Category", "Console")]
public sealed class OperatorActRulesTests
{
    private static readonly OperatorActFacts Running = new(OperatorSubjects.Settlement);
    private static readonly OperatorActFacts Halted = Running with { IsHeld = true };
    private static readonly OperatorActFacts Undone = Running with { HasHaltedItself = true };
    private static readonly OperatorActFacts Led = new(OperatorSubjects.Leader, Leader: "n1 in epoch 5", OtherNodes: 1);

    [Fact]
    public void AHalt_TakesOneKey_AndWithdrawsAResumeThatWaits()
    {
        foreach (var takesTwo in new[] { true, false })
        {
            var halted = OperatorActRules.Judge(Running, OperatorActions.Halt, "ada", takesTwo);
            Assert.Equal((true, false, null), (halted.After.IsHeld, halted.Waits, halted.Refusal));
            Assert.Equal("state_conflict", OperatorActRules.Judge(Halted, OperatorActions.Halt, "ada", takesTwo).Refusal?.Code);
        }

        var over = Undone with { WaitingAction = OperatorActions.Resume, WaitingKey = "ada" };
        Assert.False(OperatorActRules.Judge(over, OperatorActions.Halt, "grace", takesTwoKeys: true).Waits);
    }

    [Fact]
    public void AResume_TakesTwoDifferentKeys_AndAllowsWhatTheChainUndid()
    {
        foreach (var facts in new[] { Halted, Undone, Halted with { HasHaltedItself = true } })
        {
            var first = OperatorActRules.Judge(facts, OperatorActions.Resume, "ada", takesTwoKeys: true);
            Assert.Equal((facts, true, null), (first.After, first.Waits, first.Refusal));
            var waiting = facts with { WaitingAction = OperatorActions.Resume, WaitingKey = "ada" };
            var same = OperatorActRules.Judge(waiting, OperatorActions.Resume, "ada", takesTwoKeys: true);
            Assert.Equal(("second_person_needed", waiting), (same.Refusal?.Code, same.After));
            foreach (
                var done in new[]
                {
                    OperatorActRules.Judge(waiting, OperatorActions.Resume, "grace", takesTwoKeys: true),
                    OperatorActRules.Judge(facts, OperatorActions.Resume, "admin", takesTwoKeys: false),
                }
            )
                Assert.Equal(
                    ("running", false, false, false),
                    (done.After.State, done.After.IsHeld, done.After.HasHaltedItself, done.Waits)
                );
        }
    }

    [Fact]
    public void ABump_IsOfATransactionInFlight_Once_AndNotWhileNothingIsSent()
    {
        var inFlight = Running with { InFlight = 5 };
        var bumped = OperatorActRules.Judge(inFlight, OperatorActions.Bump, "ada", takesTwoKeys: true);
        Assert.Equal((true, false, "replaces batch 5"), (bumped.After.IsBumped, bumped.Waits, bumped.After.State));
        foreach (var facts in new[] { bumped.After, Running, Halted with { InFlight = 5 }, Undone with { InFlight = 5 } })
            Assert.Equal("state_conflict", OperatorActRules.Judge(facts, OperatorActions.Bump, "ada", takesTwoKeys: true).Refusal?.Code);
    }

    [Theory]
    [InlineData(OperatorSubjects.Settlement, OperatorActions.Resume, false)]
    [InlineData(OperatorSubjects.Settlement, OperatorActions.Withdraw, false)]
    [InlineData(OperatorSubjects.Settlement, OperatorActions.Halt, true)]
    [InlineData(OperatorSubjects.Replica, OperatorActions.TakeOut, true)]
    [InlineData(OperatorSubjects.Replica, OperatorActions.PutIn, false)]
    [InlineData(OperatorSubjects.Node, OperatorActions.Drain, true)]
    [InlineData(OperatorSubjects.Node, OperatorActions.Undrain, false)]
    public void WhatTheStateDoesNotAllow_IsAConflict_AndChangesNothing(string subject, string action, bool isHeld)
    {
        var facts = new OperatorActFacts(subject, isHeld, OtherNodes: 2);
        var judgement = OperatorActRules.Judge(facts, action, "ada", takesTwoKeys: true);
        Assert.Equal(("state_conflict", facts, false), (judgement.Refusal?.Code, judgement.After, judgement.Waits));
    }

    [Theory]
    [InlineData(OperatorSubjects.Replica, OperatorActions.TakeOut, OperatorActions.PutIn)]
    [InlineData(OperatorSubjects.Node, OperatorActions.Drain, OperatorActions.Undrain)]
    public void AHold_AndItsEnd_TakeOneKey(string subject, string hold, string release)
    {
        var held = OperatorActRules.Judge(new OperatorActFacts(subject, OtherNodes: 1), hold, "ada", takesTwoKeys: true);
        Assert.Equal((true, false, null), (held.After.IsHeld, held.Waits, held.Refusal));
        var released = OperatorActRules.Judge(held.After, release, "ada", takesTwoKeys: true);
        Assert.Equal((false, false, null), (released.After.IsHeld, released.Waits, released.Refusal));
        Assert.NotEqual(held.After.State, released.After.State);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(null, false)]
    [InlineData(1, true)]
    public void ALeaderOrANode_GoesOnlyIfAnotherIsKnownToBeThere(int? others, bool isDone)
    {
        var stepsDown = OperatorActRules.Judge(Led with { OtherNodes = others }, OperatorActions.StepDown, "ada", takesTwoKeys: true);
        Assert.Equal((isDone, !isDone), (stepsDown.After.StepsDown, stepsDown.Refusal?.Code == "state_conflict"));
        var node = new OperatorActFacts(OperatorSubjects.Node, OtherNodes: others);
        var drained = OperatorActRules.Judge(node, OperatorActions.Drain, "ada", takesTwoKeys: true);
        Assert.Equal((isDone, !isDone), (drained.After.IsHeld, drained.Refusal?.Code == "state_conflict"));
        // The end of a drain needs no other.
        Assert.Null(OperatorActRules.Judge(node with { IsHeld = true }, OperatorActions.Undrain, "ada", takesTwoKeys: true).Refusal);
    }

    [Fact]
    public void WithoutALeader_OrIfItWasAskedAlready_ThereIsNothingToStepDown()
    {
        foreach (var facts in new[] { Led with { Leader = null }, Led with { StepsDown = true } })
            Assert.Equal(
                "state_conflict",
                OperatorActRules.Judge(facts, OperatorActions.StepDown, "ada", takesTwoKeys: false).Refusal?.Code
            );
    }

    [Theory]
    [InlineData(OperatorSubjects.Settlement, "halt", "why", true)]
    [InlineData(OperatorSubjects.Settlement, "step_down", "why", false)]
    [InlineData(OperatorSubjects.Settlement, "HALT", "why", false)]
    [InlineData(OperatorSubjects.Settlement, null, "why", false)]
    [InlineData(OperatorSubjects.Settlement, "halt", null, false)]
    [InlineData(OperatorSubjects.Settlement, "halt", " \n ", false)]
    [InlineData(OperatorSubjects.Leader, "step_down", "why", true)]
    [InlineData(OperatorSubjects.Leader, "drain", "why", false)]
    [InlineData(OperatorSubjects.Node, "undrain", "why", true)]
    [InlineData(OperatorSubjects.Replica, "put_in", "why", true)]
    [InlineData(OperatorSubjects.Replica, "halt", "why", false)]
    public void EachSubject_HasItsActions_AndEachNeedsAReason(string subject, string? action, string? note, bool isRead) =>
        Assert.Equal(
            isRead ? null : "malformed_request",
            OperatorActRules.Read(subject, new OperatorActRequest(action, note)).Problem?.Code
        );

    [Theory]
    [InlineData(NodeKinds.Matching, NodeStates.Follower, 0, 1_000, true)]
    [InlineData(NodeKinds.Matching, NodeStates.Active, 7, 1_000, true)]
    [InlineData(NodeKinds.Matching, NodeStates.Follower, -7, 1_000, true)] // Its clock is ahead.
    [InlineData(NodeKinds.Matching, NodeStates.Follower, 9, 1_000, false)]
    [InlineData(NodeKinds.Matching, NodeStates.Follower, 30, null, true)] // An earlier version, whose record still lives.
    [InlineData(NodeKinds.Matching, NodeStates.Draining, 0, 1_000, false)]
    [InlineData(NodeKinds.Api, NodeStates.Running, 0, 1_000, false)]
    public void OnlyAMatchingNodeThatIsHeard_CanTakeOver(string kind, string state, int secondsOld, int? pause, bool isAlive)
    {
        var now = DateTimeOffset.UnixEpoch.AddDays(20_000);
        var node = new NodeRecord("n1", kind, "", state, "1", 1, now, now.AddSeconds(-secondsOld), []) { HeartbeatMs = pause };
        Assert.Equal(isAlive, MatchingNodes.IsAlive(node, now));
    }
}
