namespace SyscallExplorer.Machine;

/// <content>Interrupts that the processor sends: ICR and SELF IPI. SDM vol. 3A, 10.6 and 10.12.</content>
public sealed partial class LocalApic
{
    /// <summary>Vector, delivery mode, destination mode, level, trigger mode and shorthand.</summary>
    private const uint CommandBits = 0xC_CFFF;

    private const uint LogicalMode = 1 << 11;
    private const uint Asserted = 1 << 14;
    private const uint LevelTriggered = 1 << 15;
    private const uint FlatModel = 15;
    private const byte BroadcastId = 0xFF;

    private enum Delivery
    {
        Fixed,
        LowestPriority,
        Smi,
        Reserved,
        Nmi,
        Init,
        StartUp,
        External,
    }

    private enum Shorthand
    {
        None,
        Self,
        All,
        Others,
    }

    /// <summary>Sends an interrupt; of the destinations only this processor exists.</summary>
    private void Send(ulong command)
    {
        var delivery = (Delivery)(command >> 8 & 7);
        uint vector = (uint)command & VectorMask;
        if (delivery is Delivery.Fixed or Delivery.LowestPriority && vector < FirstLegalVector)
            NoteError(ApicBits.SendIllegalVector);
        if (!Reaches(command))
            return;
        switch (delivery)
        {
            case Delivery.Fixed or Delivery.LowestPriority:
                Accept(vector, levelTriggered: false);
                break;
            case Delivery.Nmi or Delivery.Smi:
            case Delivery.Init when (command & (Asserted | LevelTriggered)) != LevelTriggered:
                _cpu.NoteNotEmulated($"The local APIC is told to send the processor itself an interrupt of the kind {delivery.ToString().ToUpperInvariant()}");
                break;
        }
    }

    private void SendToSelf(uint vector)
    {
        if (vector < FirstLegalVector)
            NoteError(ApicBits.SendIllegalVector);
        Accept(vector, levelTriggered: false);
    }

    private bool Reaches(ulong command)
    {
        switch ((Shorthand)(command >> 18 & 3))
        {
            case Shorthand.Self or Shorthand.All:
                return true;
            case Shorthand.Others:
                return false;
        }

        return Mode == ApicMode.X2Apic
            ? Reaches((uint)(command >> 32), (command & LogicalMode) != 0)
            : Reaches((byte)(command >> 56), (command & LogicalMode) != 0);
    }

    /// <summary>A destination of x2APIC mode: an ID, or a cluster with a set of its members. SDM vol. 3A, 10.12.10.</summary>
    private bool Reaches(uint destination, bool logical) =>
        destination == uint.MaxValue
        || (logical ? destination >> 16 == LogicalDestination >> 16 && (destination & LogicalDestination & 0xFFFF) != 0 : destination == Id);

    /// <summary>A destination of xAPIC mode: an ID, a set by the flat model, or a cluster with a set of its members. SDM vol. 3A, 10.6.2.</summary>
    private bool Reaches(byte destination, bool logical)
    {
        if (destination == BroadcastId)
            return true;
        if (!logical)
            return destination == Id;
        uint own = State.LogicalDestination >> IdShift;
        return State.DestinationFormat >> 28 == FlatModel
            ? (destination & own) != 0
            : destination >> 4 == own >> 4 && (destination & own & 15) != 0;
    }
}
