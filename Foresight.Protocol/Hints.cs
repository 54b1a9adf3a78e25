namespace Foresight.Protocol;

/// <summary>
/// Last member, "proof", of each value that a node leaves in Redis for others. Its tag covers the key too, so that a value cannot be moved
/// to another key, and all members as they are written.
/// </summary>
/// <param name="KeyId">Names the cluster key, because two are valid during a rotation.</param>
/// <param name="Sender">Node id of the writer.</param>
/// <param name="Boot">Unique to the writing process, whose counter begins again.</param>
/// <param name="Counter">Rises with each value that the process signs, so that an older value is recognized.</param>
/// <param name="IssuedAt">By the database's clock, which all nodes share.</param>
/// <param name="Tag">HMAC-SHA256, 64 hexadecimal digits.</param>
public sealed record HintProof(string KeyId, string Sender, Guid Boot, long Counter, DateTimeOffset IssuedAt, string Tag);

/// <summary>Value of <c>{prefix}database:timeline:{system}</c> in Redis, with a <see cref="HintProof"/>.</summary>
/// <param name="Number">
/// Timeline that the writer has itself seen on a writable server of this system, because one that it only read in Redis could stop the
/// cluster. 1 to 2^32 - 1.
/// </param>
public sealed record TimelineMark(long Number);
