using System.Text.Json;
using Bunit;
using Foresight.Console.Cluster;
using Foresight.Console.Database;
using Foresight.Protocol;
using Microsoft.AspNetCore.Components;

namespace Foresight.Console.Tests.Acts;

[Trait("Category", "Console")]
public sealed class ClusterAndReplicaActsTests : ConsoleContext
{
    private OperatorControls _controls = new(TakesTwoKeys: true, [], []);
    private DatabaseStatus _database = Samples.Database();

    public ClusterAndReplicaActsTests()
    {
        Api.Answer("/admin/overview", () => Samples.Overview() with { Controls = _controls, Database = _database });
        Api.Answer("/admin/history", () => Samples.History());
    }

    [Fact]
    public void AStepDown_IsTyped_AndTakesOneKey()
    {
        var page = Shown<ClusterPage>();
        page.Find("select[aria-label='Act on']").Change("leader/matching-engine");
        Button(page, "Step down…").Click();
        Assert.Contains("to ask matching-1. It finishes what it has and gives its lease back", Text(page));
        Field(page, "Reason").Input("it is slow");
        foreach (var wrong in new[] { "", "step down", "step down settlement" })
        {
            Field(page, "Type").Input(wrong);
            Assert.False(CanPress(page, "Step down"));
        }

        Field(page, "Type").Input("step down matching-engine");
        Api.Answer("/admin/leaders/matching-engine/acts", () => _controls);
        Button(page, "Step down").Click();
        page.WaitForAssertion(() => Assert.Equal(("step_down", "it is slow"), LastAct()));
        page.WaitForAssertion(() => Assert.Equal(["matching-engine: is asked to step down"], Notified));
    }

    [Fact]
    public void AResourceThatNothingLeads_OffersNoStepDown()
    {
        var page = Shown<ClusterPage>();
        page.Find("select[aria-label='Act on']").Change("leader/settlement");
        Assert.Contains("No node leads it now.", Text(page));
        Assert.False(HasButton(page, "Step down…"));
    }

    [Fact]
    public void ADrain_IsTyped_AndIsShownWithWhoAndWhy_AlsoOfANodeThatIsGone()
    {
        _controls = _controls with { Holds = [new("node", "matching-9", Samples.Noon.AddHours(-1), "Ada", "ada", "Its disk.")] };
        var page = Shown<ClusterPage>();
        Assert.Contains("matching-9 is drained since 11:00:00 60 min ago by Ada (key ada): Its disk.", Text(page));
        page.Find("select[aria-label='Act on']").Change("node/matching-1");
        Button(page, "Drain…").Click();
        Assert.Contains("drain matching-1 to drain it.", Text(page));

        page.Find("select[aria-label='Act on']").Change("node/matching-9");
        Field(page, "Reason").Input("it will not come back");
        Api.Answer("/admin/nodes/matching-9/acts", () => new OperatorControls(true, [], []));
        Button(page, "Undrain").Click();
        page.WaitForAssertion(() => Assert.Equal(("undrain", "it will not come back"), LastAct()));
        page.WaitForAssertion(() => Assert.DoesNotContain("is drained since", Text(page)));
    }

    [Fact]
    public void AReplica_IsTakenOutWithAReason_AndMarked_AndPutInAgain()
    {
        var page = Shown<DatabasePage>();
        page.Find("select[aria-label='Act on']").Change("replica-1");
        Assert.False(CanPress(page, "Take out now"));
        Field(page, "Reason").Input("it is to be rebuilt");
        var hold = new OperatorHold("replica", "replica-1", Samples.Noon, "Ada", "ada", "it is to be rebuilt");
        _controls = _controls with { Holds = [hold] };
        _database = _database with { Replicas = [_database.Replicas[0] with { IsOut = true }] };
        Api.Answer("/admin/replicas/replica-1/acts", () => _controls);
        Button(page, "Take out now").Click();
        page.WaitForAssertion(() => Assert.Equal(("take_out", "it is to be rebuilt"), LastAct()));
        page.WaitForAssertion(() => Assert.Contains("replica-1 is out of rotation since 12:00:00", Text(page)));
        Read(page);
        page.WaitForAssertion(() => Assert.Contains("Healthy replicas 0 of 1", Text(page)));
        Assert.Contains(Rows(page), row => row is [_, "replica", "healthy out of rotation", ..]);
        Assert.True(HasButton(page, "Put in again"));
    }

    private IRenderedComponent<T> Shown<T>()
        where T : IComponent
    {
        var page = Render<T>();
        Read(page);
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("select[aria-label='Act on']")));
        return page;
    }

    private void Read<T>(IRenderedComponent<T> page)
        where T : IComponent => page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));

    private (string?, string?) LastAct()
    {
        var body = JsonDocument.Parse(Api.Bodies[^1]).RootElement;
        return (body.GetProperty("action").GetString(), body.GetProperty("note").GetString());
    }
}
