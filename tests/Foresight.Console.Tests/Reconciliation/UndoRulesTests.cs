using Foresight.Console.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Reconciliation;

[Trait("Category", "Console")]
public sealed class UndoRulesTests
{
    /// <summary>Another operator decided after the rows were shown: the way back leads to what they made of them.</summary>
    [Fact]
    public void WayBack_LeadsToWhatTheDecisionMet_AndNotToWhatWasShown()
    {
        var shown = new[] { Samples.Discrepancy(1), Samples.Discrepancy(2), Samples.Discrepancy(3) };
        DiscrepancyBefore[] stored =
        [
            new(1, DiscrepancyStates.Acknowledged, "Grace", null, Waited: false),
            new(2, DiscrepancyStates.Open, null, null, Waited: true),
        ];
        var before = Assert.Single(MadeDecision.AsDecided(shown, DiscrepancyActions.Resolve, stored));
        Assert.Equal((1L, DiscrepancyStates.Acknowledged, "Grace"), (before.Id, before.State, before.Assignee));
        Assert.Equal(2, MadeDecision.AsDecided(shown, DiscrepancyActions.Assign, stored).Count());
        Assert.Equal(shown, MadeDecision.AsDecided(shown, DiscrepancyActions.Resolve, stored: null));
    }

    /// <summary>
    /// What had been acknowledged takes two requests, which comes last: when the second fails, all that is left to do is that one, and it
    /// follows from the batch of the first.
    /// </summary>
    [Fact]
    public void WhatWasAcknowledged_IsReopenedLast_AndThenOnlyAcknowledged()
    {
        var made = new MadeDecision(
            DiscrepancyActions.Resolve,
            Guid.NewGuid(),
            "Known.",
            Samples.Noon,
            Count: 3,
            Awaiting: 1,
            [
                new FormerState(1, DiscrepancyStates.Acknowledged, null, null),
                new FormerState(2, DiscrepancyStates.Open, null, null),
                new FormerState(3, DiscrepancyStates.Acknowledged, null, null),
            ]
        );
        var steps = UndoRules.Steps(made);
        Assert.Equal(
            [("reopen", "2", null), ("reopen", "1,3", "acknowledge")],
            steps.Select(step => (step.Action, string.Join(',', step.Ids), step.Then))
        );

        var left = UndoRules.AfterReopening(made.Without(steps[0].Ids), reopened: [1], Guid.NewGuid());
        var only = Assert.Single(UndoRules.Steps(left));
        Assert.Equal((DiscrepancyActions.Acknowledge, "1", null), (only.Action, string.Join(',', only.Ids), only.Then));
        Assert.Equal(0, left.Awaiting);
        Assert.NotEqual(made.Batch, left.Batch);
    }
}
