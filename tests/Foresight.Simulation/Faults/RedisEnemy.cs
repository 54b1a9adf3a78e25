using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Protocol;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Faults;

/// <summary>
/// Has access to Redis, but no key of the cluster, so the nodes must not be deceived: the lease is forged, replayed, changed, made
/// unreadable and deleted many times a second, and notices of leaders are forged and replayed.
/// </summary>
internal sealed class RedisEnemy
{
    /// <summary>The first of what was read are kept for good, because the oldest values are those to replay.</summary>
    private const int MostKept = 64;

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(30);

    private readonly World _world;
    private readonly Dice _dice;
    private readonly List<string> _leases = [];
    private readonly List<(string Channel, byte[] Message)> _messages = [];
    private long _until;

    public RedisEnemy(World world)
    {
        _world = world;
        _dice = world.Dice.Fork();
    }

    public bool IsAtIt => _world.Timeline.Now < _until;

    public void Reads(string lease) => Keep(_leases, lease);

    public void Hears(string channel, byte[] message) => Keep(_messages, (channel, message));

    public void Begin(TimeSpan duration)
    {
        var wasAtIt = IsAtIt;
        _until = Math.Max(_until, _world.Timeline.Now + duration.Ticks);
        if (!wasAtIt)
            Act();
    }

    public void Stop() => _until = 0;

    private void Act()
    {
        if (!IsAtIt)
            return;
        if (_world.Redis is { Alive: true, Paused: false })
            Write();
        _world.Timeline.After(_dice.Between(TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(120)), Act);
    }

    private void Write()
    {
        var end = _dice.Between(TimeSpan.FromMilliseconds(1), LongestEnd);
        switch (_dice.Below(6))
        {
            case 0 when _leases.Count > 0:
                _world.Redis.Write(LeasedResources.Matching, _dice.Pick(_leases), end);
                break;
            case 1 when _leases.Count > 0:
                _world.Redis.Write(LeasedResources.Matching, Changed(_dice.Pick(_leases)), end);
                break;
            case 2:
                _world.Redis.Write(LeasedResources.Matching, Forged(), end);
                break;
            case 3 when _leases.Count > 0:
                var lease = _dice.Pick(_leases);
                _world.Redis.Write(LeasedResources.Matching, lease[.._dice.Below(lease.Length)], end);
                break;
            case 4:
                _world.Redis.Delete(LeasedResources.Matching);
                break;
            default:
                Publish();
                break;
        }
    }

    private void Publish()
    {
        switch (_dice.Below(3))
        {
            case 0 when _messages.Count > 0:
                var (channel, captured) = _dice.Pick(_messages);
                _world.Redis.Publish(channel, captured);
                break;
            case 1 when _messages.Count > 0:
                var (changed, message) = _dice.Pick(_messages);
                _world.Redis.Publish(changed, ChangedBytes(message));
                break;
            default:
                PublishForged();
                break;
        }
    }

    private byte[] ChangedBytes(byte[] message)
    {
        var changed = message.ToArray();
        changed[_dice.Below(changed.Length)] ^= (byte)(1 + _dice.Below(255));
        return changed;
    }

    private void PublishForged()
    {
        var kind = _dice.Chance(0.5) ? "released" : "acquired";
        var notice = new LeaderMessage(kind, LeasedResources.Matching, _dice.Pick(_world.Nodes).Name, AnyAddress(), _dice.Below(1_000));
        var place = _dice.Chance(0.5) ? 1L << 52 : _dice.Below(1_000);
        var book = new DepthMessage(1 + _dice.Below(2), place, place, 0, Snapshot: true, [new LevelChange(0, true, 9_900, 1)]);
        if (_dice.Chance(0.5))
            _world.Redis.Publish(Channels.ClusterLeader, JsonSerializer.SerializeToUtf8Bytes(notice, JsonSerializerOptions.Web));
        else
            _world.Redis.Publish(Channels.Depth, JsonSerializer.SerializeToUtf8Bytes(book, JsonSerializerOptions.Web));
    }

    /// <summary>Another content under the proof that a node has made.</summary>
    private string Changed(string lease)
    {
        var (record, changed) = (JsonSerializer.Deserialize<LeaseRecord>(lease, JsonSerializerOptions.Web)!, JsonNode.Parse(lease)!);
        var (member, value) = _dice.Below(5) switch
        {
            0 => ("address", AnyAddress()),
            1 => ("nodeId", _dice.Pick(_world.Nodes).Name),
            2 => ("token", _dice.NextGuid()),
            3 => ("epoch", _dice.Chance(0.5) ? record.Epoch + 1 : 1L << 52),
            _ => ("lastRenewedAt", (JsonNode)record.LastRenewedAt.AddSeconds(_dice.Between(-10, 3_600))),
        };
        changed[member] = value;
        return changed.ToJsonString();
    }

    private string Forged()
    {
        var now = new DateTimeOffset(_world.Postgres.Now);
        return JsonSerializer.Serialize(
            new LeaseRecord(_dice.Pick(_world.Nodes).Name, AnyAddress(), _dice.NextGuid(), _dice.Below(1_000), now, now),
            JsonSerializerOptions.Web
        );
    }

    private string AnyAddress() => _dice.Chance(0.5) ? _dice.Pick(_world.Nodes).Address : "https://10.0.0.99:443";

    private void Keep<T>(List<T> all, T one)
    {
        if (all.Count < MostKept)
            all.Add(one);
        else
            all[(MostKept / 2) + _dice.Below(MostKept / 2)] = one;
    }
}
