namespace SyscallExplorer.Machine;

/// <summary>How well a timing figure is supported. The weakest has the largest value, so that the weakest of several is their maximum.</summary>
public enum Confidence
{
    /// <summary>Somebody published this figure for this operation on this microarchitecture.</summary>
    Published,

    /// <summary>Derived by a stated rule from published figures.</summary>
    Fitted,

    /// <summary>An informed guess. Its interval says how far off it may be.</summary>
    Assumed,
}
