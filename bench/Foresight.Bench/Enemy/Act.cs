using Foresight.Protocol;
using StackExchange.Redis;

namespace Foresight.Bench.Enemy;

internal sealed record Act(string Name, string Meaning, Func<RedisEnemy, Task> WriteAsync)
{
    /// <summary>Few, because the registry's own bound is not what is tried here.</summary>
    private const int ForgedNodes = 200;

    private const int LargestNoise = 4_096;
    private const int HugeNoise = 2 * 1024 * 1024;
    private const int HugeEvery = 200;

    private static readonly string LeaseOfMatching = $"{RedisEnemy.Prefix}leader:{LeasedResources.Matching}";
    private static readonly string Timelines = $"{RedisEnemy.Prefix}database:timeline:";
    private static readonly string Ids = $"{RedisEnemy.Prefix}nodes";

    /// <summary>Disturbs nothing, so that a run shows that the checks themselves hold.</summary>
    public static readonly Act None = new(
        "none",
        "a key that the cluster does not use",
        enemy => enemy.Database.StringSetAsync($"{RedisEnemy.Prefix}unused", "1", TimeSpan.FromSeconds(5))
    );

    public static readonly IReadOnlyList<Act> All =
    [
        new("random", "random bytes in any key and on any channel, now and then 2 MB", RandomAsync),
        new("replay", "captured values and messages, written again", ReplayAsync),
        new("mutate", "captured values and messages, with a member, digits or bytes changed", MutateAsync),
        new("lease-old", "leases that were true once, written all the time", OldLeaseAsync),
        new("lease-forge", "leases of the fake gateway, written all the time, with a notice that it leads", ForgedLeaseAsync),
        new("epochs", "messages and leases of far epochs and sequences", FarEpochAsync),
        new("messages", "trades at 0.99, private fills, whole books with valid checksums", ForgedMessageAsync),
        new("types", "any key becomes a set, a string without an end, a hash, a list or a stream, or ends at once", TypeAsync),
        new("delete", "any key is deleted", DeleteAsync),
        new("empty", "every key is deleted, again and again", EmptyAsync),
        new("registry", "forged nodes, and leaders among them, in the registry", RegistryAsync),
        new("notices", "notices on SignalR's backplane: forged, replayed, or behind a captured seal", NoticeAsync),
        new("timelines", "timelines of the database that it will never reach", TimelineAsync),
    ];

    private static Task RandomAsync(RedisEnemy enemy)
    {
        int length;
        lock (enemy.Random)
            length = enemy.Random.Next(HugeEvery) == 0 ? HugeNoise : enemy.Random.Next(LargestNoise);
        return ToAnyPlaceAsync(enemy, _ => enemy.Noise(length));
    }

    private static Task ReplayAsync(RedisEnemy enemy) =>
        ToAnyPlaceAsync(enemy, place => enemy.Loot.AnyValue(place, enemy.Random) ?? enemy.Loot.AnyMessage(place, enemy.Random));

    private static Task MutateAsync(RedisEnemy enemy) =>
        ToAnyPlaceAsync(
            enemy,
            place =>
                (enemy.Loot.AnyValue(place, enemy.Random) ?? enemy.Loot.AnyMessage(place, enemy.Random)) is { } captured
                    ? Mutation.Of(captured, enemy.Random, enemy.Gateway.Address)
                    : null
        );

    private static Task OldLeaseAsync(RedisEnemy enemy)
    {
        var key = enemy.Pick(LeaseKeys(enemy));
        var old = Chance(enemy, 2) ? enemy.Loot.OldestValue(key) : enemy.Loot.AnyValue(key, enemy.Random);
        return enemy.Database.StringSetAsync(key, old ?? [], TimeSpan.FromSeconds(30));
    }

    private static Task ForgedLeaseAsync(RedisEnemy enemy)
    {
        var key = enemy.Pick(LeaseKeys(enemy));
        if (Chance(enemy, 4))
            return enemy.PublishAsync(
                RedisEnemy.Prefix + Channels.ClusterLeader,
                Forgery.LeaderNotice(key, enemy.Gateway.Address, enemy.Random)
            );
        var lease =
            Chance(enemy, 2) && enemy.Loot.AnyValue(key, enemy.Random) is { } captured
                ? Forgery.WithAddress(captured, enemy.Gateway.Address)
                : Forgery.Lease(enemy.Gateway.Address, epoch: 1);
        return Chance(enemy, 2)
            ? enemy.Database.StringSetAsync(key, lease)
            : enemy.Database.StringSetAsync(key, lease, TimeSpan.FromSeconds(5));
    }

    private static Task FarEpochAsync(RedisEnemy enemy)
    {
        if (Chance(enemy, 5))
            return enemy.Database.StringSetAsync(
                enemy.Pick(LeaseKeys(enemy)),
                Forgery.Lease(enemy.Gateway.Address, Mutation.FarEpoch),
                TimeSpan.FromSeconds(5)
            );
        return PublishAsync(enemy, Forgery.Message(enemy.Random, enemy.Victim, new JournalPlace(Mutation.FarEpoch, Mutation.FarEpoch)));
    }

    private static Task ForgedMessageAsync(RedisEnemy enemy) =>
        PublishAsync(enemy, Forgery.Message(enemy.Random, enemy.Victim, Next(enemy.Position())));

    /// <summary>
    /// Half of the messages get the bytes before the JSON of a captured one, so that a stolen seal in front of a forged body is tried too.
    /// </summary>
    private static Task PublishAsync(RedisEnemy enemy, (string Channel, byte[] Body) message)
    {
        var channel = RedisEnemy.Prefix + message.Channel;
        var captured = Chance(enemy, 2) ? enemy.Loot.AnyMessage(channel, enemy.Random) : null;
        var start = captured.AsSpan().IndexOf("{\""u8);
        return enemy.PublishAsync(channel, start > 0 ? [.. captured.AsSpan(0, start), .. message.Body] : message.Body);
    }

    /// <summary>
    /// Mostly by commands that the role may use, because Redis refuses it hashes, lists and streams where the cluster has none.
    /// </summary>
    private static async Task TypeAsync(RedisEnemy enemy)
    {
        var key = enemy.Pick(enemy.Keys);
        var kind = enemy.Pick([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 5]);
        if (kind < 2)
            await enemy.Database.KeyDeleteAsync(key);
        await (
            kind switch
            {
                0 => enemy.Database.SetAddAsync(key, "x"),
                1 => (Task)enemy.Database.StringSetAsync(key, "x"),
                2 => enemy.Database.KeyExpireAsync(key, TimeSpan.FromMilliseconds(1)),
                3 => enemy.Database.HashSetAsync(key, "1", "2"),
                4 => enemy.Database.ListLeftPushAsync(key, "x"),
                _ => enemy.Database.StreamAddAsync(key, "x", "y"),
            }
        );
    }

    private static Task DeleteAsync(RedisEnemy enemy) => enemy.Database.KeyDeleteAsync(enemy.Pick(enemy.Keys));

    private static Task EmptyAsync(RedisEnemy enemy) => enemy.Database.KeyDeleteAsync([.. enemy.Keys.Select(key => (RedisKey)key)]);

    private static Task RegistryAsync(RedisEnemy enemy)
    {
        var id = $"forged-{enemy.Pick(Enumerable.Range(0, ForgedNodes).ToArray())}";
        var info = $"{RedisEnemy.Prefix}node:{id}:info";
        return enemy.Pick([0, 1, 2, 3]) switch
        {
            0 => enemy.Database.SetAddAsync(Ids, id),
            1 => enemy.Database.StringSetAsync(info, Forgery.Node(id, enemy.Gateway.Address), TimeSpan.FromSeconds(45)),
            2 => enemy.PublishAsync(RedisEnemy.Prefix + Channels.ClusterNodes, Forgery.Announcement(enemy.Pick(NodeIds(enemy)))),
            _ => enemy.Database.SetRemoveAsync(Ids, enemy.Pick(NodeIds(enemy))),
        };
    }

    private static Task TimelineAsync(RedisEnemy enemy)
    {
        string[] marks = [Timelines + "1", .. enemy.Keys.Where(key => key.StartsWith(Timelines, StringComparison.Ordinal))];
        var key = enemy.Pick(marks);
        var number = enemy.Pick([uint.MaxValue - 1L, 99, 2, -1]);
        var captured = Chance(enemy, 2) ? enemy.Loot.AnyValue(key, enemy.Random) : null;
        return enemy.Database.StringSetAsync(key, captured is null ? Forgery.Mark(number) : Forgery.WithNumber(captured, number));
    }

    private static Task NoticeAsync(RedisEnemy enemy)
    {
        var topic = enemy.Pick(NoticeTopics.All);
        var captured = enemy.Loot.AnyMessage(NoticeForgery.ChannelOf(topic), enemy.Random);
        var message = enemy.Pick([0, 1, 2]) switch
        {
            0 when captured is not null => captured,
            1 => NoticeForgery.Of(topic, captured),
            _ => NoticeForgery.Of(topic, captured: null),
        };
        return enemy.PublishAsync(NoticeForgery.ChannelOf(Chance(enemy, 2) ? topic : null), message);
    }

    private static Task ToAnyPlaceAsync(RedisEnemy enemy, Func<string, byte[]?> content)
    {
        if (Chance(enemy, 2))
        {
            var key = enemy.Pick(enemy.Keys);
            return enemy.Database.StringSetAsync(key, content(key) ?? [], TimeSpan.FromSeconds(60));
        }

        var channel = enemy.Pick(enemy.KnownChannels);
        return enemy.PublishAsync(channel, content(channel) ?? []);
    }

    private static JournalPlace Next(JournalPlace last) => last with { Sequence = last.Sequence + 1 };

    private static List<string> LeaseKeys(RedisEnemy enemy)
    {
        var keys = enemy.Keys.Where(key => key.StartsWith($"{RedisEnemy.Prefix}leader:", StringComparison.Ordinal)).ToList();
        // Matching twice, because its lease is the one on which orders depend.
        keys.Add(LeaseOfMatching);
        return keys;
    }

    private static List<string> NodeIds(RedisEnemy enemy) =>
        [
            "forged",
            .. enemy
                .Keys.Where(key => key.StartsWith($"{RedisEnemy.Prefix}node:", StringComparison.Ordinal))
                .Select(key => key.Split(':')[^2]),
        ];

    private static bool Chance(RedisEnemy enemy, int oneIn)
    {
        lock (enemy.Random)
            return enemy.Random.Next(oneIn) == 0;
    }
}
