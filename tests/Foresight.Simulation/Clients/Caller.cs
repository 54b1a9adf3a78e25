using System.Net;
using Foresight.Cluster.Proof;
using Foresight.Matching.Gateway;
using Foresight.Protocol;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Clients;

/// <summary>
/// Works like <c>LeaderRouter</c>, because its callers rely on the same: retries with the same request id, at any node that then leads,
/// until the deadline; "in doubt" at the end if any attempt may have had an effect, "late" if certainly none has.
/// </summary>
internal class Caller : Process
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    private static readonly ConnectedNode Api = new(new ProvenNode("api-1", NodeKinds.Api), IPAddress.Parse("10.0.1.1"));

    /// <summary>What is not signed by a trader is a fact of the chain here, which the holder of the settlement term reports.</summary>
    private static readonly ConnectedNode Settlement = new(new ProvenNode("settlement", NodeKinds.Matching), IPAddress.Parse("10.0.1.2"));

    private readonly HashSet<Guid> _perhapsDone = [];

    protected Caller(World world, string name)
        : base(world, name)
    {
        Dice = world.Dice.Fork();
        Clock = new SimulatedClock(world.Timeline, this, rate: 1);
        Link = new Link(world);
    }

    protected Dice Dice { get; }

    protected SimulatedClock Clock { get; }

    public Link Link { get; }

    protected async Task<CommandResult> SendAsync(LeaderCommand command, TimeSpan patience)
    {
        command = command with { Deadline = Clock.GetUtcNow() + patience };
        World.Invariants.Asked(command.RequestId);
        var result = await AskAsync(command, _perhapsDone.Contains(command.RequestId));
        if (result.Status != ResultStatus.Late)
            _perhapsDone.Add(command.RequestId);
        World.Invariants.Answered(command, result);
        return result;
    }

    private async Task<CommandResult> AskAsync(LeaderCommand command, bool wasInDoubt)
    {
        while (true)
        {
            var left = command.Deadline - Clock.GetUtcNow();
            if (left <= TimeSpan.Zero)
                return Said(command, wasInDoubt ? ResultStatus.InDoubt : ResultStatus.Late);
            if (World.Leaders.Leader() is { } leader)
            {
                var result = await TryAsync(leader, command, left);
                switch (result?.Status)
                {
                    case null:
                    case ResultStatus.InDoubt:
                        wasInDoubt = true;
                        World.Leaders.Forget();
                        break;
                    case ResultStatus.NotLeader:
                        World.Leaders.Forget();
                        break;
                    // The term has changed hands on the way; the next attempt names the new one.
                    case ResultStatus.Rejected when result.Code == ProblemCodes.Unauthorized:
                        break;
                    case ResultStatus.Late when wasInDoubt:
                        return Said(command, ResultStatus.InDoubt);
                    default:
                        return result;
                }
            }

            await Task.Delay(RetryPause, Clock);
        }
    }

    private async Task<CommandResult?> TryAsync(SimulatedNode leader, LeaderCommand command, TimeSpan left)
    {
        var patience = Dice.Between(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(8));
        var sentAt = Clock.GetUtcNow();
        try
        {
            return await Call<CommandResult?>.AskAsync(
                this,
                Clock,
                Link,
                call => Arrive(call, leader, command, sentAt),
                patience < left ? patience : left,
                () => new TimeoutException()
            );
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private void Arrive(Call<CommandResult?> call, SimulatedNode leader, LeaderCommand command, DateTimeOffset sentAt)
    {
        if (leader.IsPoweredOff)
            return;
        // Refused by the machine: certainly without effect, as if the node itself had refused.
        if (!leader.Alive)
            call.Answer(new CommandResult(command.RequestId, ResultStatus.NotLeader));
        else
            leader.ToClients.Request(() => leader.Run(() => _ = ServeAsync(call, leader, command, sentAt)));
    }

    private static async Task ServeAsync(Call<CommandResult?> call, SimulatedNode leader, LeaderCommand command, DateTimeOffset sentAt)
    {
        var isSigned = CommandRights.IsSigned(command);
        var claim = isSigned ? null : leader.World.SettlementTerm.Claim;
        if (await leader.SubmitAsync(isSigned ? Api : Settlement, command, claim, sentAt) is { } result)
            leader.ToClients.Reply(() => call.Answer(result));
    }

    private static CommandResult Said(LeaderCommand command, ResultStatus status) => new(command.RequestId, status);
}
