using Foresight.Console.Live;
using Foresight.Console.Problems;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Problems;

[Trait("Category", "Console")]
public sealed class OperatorProblemsTests
{
    private static readonly DateTimeOffset Since = Samples.Noon.AddHours(-2);

    [Theory]
    [InlineData(OperatorSubjects.Settlement, "all", Tones.Bad, "Settlement is halted by an operator", "/settlement")]
    [InlineData(OperatorSubjects.Node, "n1", Tones.Watch, "n1 is drained", "/cluster")]
    [InlineData(OperatorSubjects.Replica, "replica-1", Tones.Watch, "replica-1 is out of rotation", "/database")]
    public void WhatAnOperatorHolds_IsShownUntilItIsEnded_WithSinceWhyAndWho(
        string subject,
        string id,
        string tone,
        string title,
        string href
    )
    {
        var problem = Assert.Single(Of([new OperatorHold(subject, id, Since, "Ada", "ada", "Odd.")], []));
        Assert.Equal((tone, title, href, Since), (problem.Tone, problem.Title, problem.Href, problem.Since));
        Assert.EndsWith("Ada (key ada): Odd.", problem.Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public void ADecisionThatWaits_IsShown_SoThatASecondPersonLearnsOfIt()
    {
        var problem = Assert.Single(Of([], [new WaitingAct(OperatorSubjects.Settlement, "all", "resume", "Ada", "ada", Since)]));
        Assert.Equal(
            ("A decision to resume settlement waits for a second key", "By Ada (key ada). It lapses after a day.", Since),
            (problem.Title, problem.Meaning, problem.Since)
        );
    }

    [Fact]
    public void HaltedByAnOperator_ItIsNotCalledStuck()
    {
        OperatorHold hold = new(OperatorSubjects.Settlement, "all", Since, "Ada", "ada", "Odd.");
        Assert.DoesNotContain(Waiting(Overview([hold], [])), problem => problem.Key == "unmoved");
        Assert.Contains(Waiting(Overview([], [])), problem => problem.Key == "unmoved");

        static IReadOnlyList<Problem> Waiting(AdminOverview overview) =>
            ProblemRules.Of(Facts(overview with { Settlement = overview.Settlement! with { WaitingSince = Samples.Noon.AddHours(-1) } }));
    }

    private static IReadOnlyList<Problem> Of(IReadOnlyList<OperatorHold> holds, IReadOnlyList<WaitingAct> waiting) =>
        ProblemRules.Of(Facts(Overview(holds, waiting)));

    private static ProblemFacts Facts(AdminOverview overview) => new(Samples.Noon, overview, null, null, null, []);

    private static AdminOverview Overview(IReadOnlyList<OperatorHold> holds, IReadOnlyList<WaitingAct> waiting)
    {
        var sound = Samples.Overview();
        return sound with
        {
            Settlement = sound.Settlement! with { ReportedAt = Samples.Noon, Endpoints = null, SignerBalanceEth = null },
            Database = null,
            Controls = new OperatorControls(true, holds, waiting),
        };
    }
}
