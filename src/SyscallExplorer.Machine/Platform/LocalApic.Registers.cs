namespace SyscallExplorer.Machine;

/// <content>The registers, however they are reached. SDM vol. 3A, 10.4 to 10.10 and table 10-6.</content>
public sealed partial class LocalApic
{
    /// <summary>xAPIC and x2APIC ID: there is one processor.</summary>
    private const uint Id = 0;

    private const int IdShift = 24;
    private const uint IntelVersion = 0x15;
    private const uint AmdVersion = 0x10;
    private const uint SuppressesEoiBroadcast = 1 << 24;
    private const uint TaskPriorityBits = 0xFF;
    private const uint DestinationFormatFixed = 0x0FFF_FFFF;
    private const uint DivideBits = 0b1011;

    private const int RegisterStep = 16;

    private uint VersionRegister => (IsIntel ? IntelVersion | SuppressesEoiBroadcast : AmdVersion) | ((LocalVectors.Count - 1) << 16);

    /// <summary>LDR, which in x2APIC mode follows from the ID. SDM vol. 3A, 10.12.10.2.</summary>
    private uint LogicalDestination => Mode == ApicMode.X2Apic ? (Id >> 4 << 16) | (1u << (int)(Id & 15)) : State.LogicalDestination;

    /// <summary>Bits of SVR: vector and enable bit; on Intel's processors the suppression of EOI broadcasts, on AMD's the check of the focus processor.</summary>
    private uint SpuriousVectorBits => ApicBits.SoftwareEnable | VectorMask | (IsIntel ? 1u << 12 : 1u << 9);

    /// <summary>Bits of a local vector that software sets: vector and mask; the timer's modes; delivery mode; polarity and trigger mode of pins.</summary>
    private uint LocalVectorBits(ApicRegister register) => ApicBits.Masked | VectorMask | register switch
    {
        ApicRegister.LocalTimer => ApicBits.Periodic | (HasTscDeadline ? ApicBits.TscDeadline : 0),
        ApicRegister.LocalThermal or ApicRegister.LocalPerformance => 0x700u,
        ApicRegister.LocalLint0 or ApicRegister.LocalLint1 => 0xA700u,
        _ => 0,
    };

    /// <summary>Reads a register of 32 bits.</summary>
    /// <returns>False when there is none of that name, or none that can be read.</returns>
    private bool TryRead(ApicRegister register, out uint value)
    {
        Advance();
        bool extended = Mode == ApicMode.X2Apic;
        (value, bool exists) = register switch
        {
            ApicRegister.Id => (extended ? Id : Id << IdShift, true),
            ApicRegister.Version => (VersionRegister, true),
            ApicRegister.TaskPriority => (State.TaskPriority, true),
            ApicRegister.ArbitrationPriority => (ArbitrationPriority, !IsIntel),
            ApicRegister.ProcessorPriority => (ProcessorPriority, true),
            ApicRegister.EndOfInterrupt => (0u, !extended),
            ApicRegister.RemoteRead => (0u, !IsIntel),
            ApicRegister.LogicalDestination => (LogicalDestination, true),
            ApicRegister.DestinationFormat => (State.DestinationFormat, !extended),
            ApicRegister.SpuriousVector => (State.SpuriousVector, true),
            ApicRegister.ErrorStatus => (State.ErrorStatus, true),
            ApicRegister.InterruptCommand => ((uint)State.InterruptCommand, true),
            ApicRegister.InterruptCommandHigh => ((uint)(State.InterruptCommand >> 32), !extended),
            >= ApicRegister.LocalTimer and <= ApicRegister.LocalError => (State.Local[LocalIndex(register)], true),
            ApicRegister.InitialCount => (State.Timer.InitialCount, true),
            ApicRegister.CurrentCount => (CurrentCount, true),
            ApicRegister.DivideConfiguration => (State.Timer.DivideConfiguration, true),
            _ => SetRegister(register),
        };
        return exists;
    }

    /// <summary>A part of ISR, TMR or IRR.</summary>
    private (uint Value, bool Exists) SetRegister(ApicRegister register) => register switch
    {
        >= ApicRegister.InService and < ApicRegister.TriggerMode => (State.InService.Register(IndexFrom(ApicRegister.InService, register)), true),
        >= ApicRegister.TriggerMode and < ApicRegister.Request => (State.TriggerMode.Register(IndexFrom(ApicRegister.TriggerMode, register)), true),
        >= ApicRegister.Request and < ApicRegister.ErrorStatus => (State.Requested.Register(IndexFrom(ApicRegister.Request, register)), true),
        _ => (0, false),
    };

    private static int IndexFrom(ApicRegister first, ApicRegister register) => (register - first) / RegisterStep;

    private static int LocalIndex(ApicRegister register) => IndexFrom(ApicRegister.LocalTimer, register);

    /// <summary>The bits that a write may set in a register, or null for a register that cannot be written or does not exist.</summary>
    private uint? WritableBits(ApicRegister register)
    {
        bool extended = Mode == ApicMode.X2Apic;
        return register switch
        {
            ApicRegister.TaskPriority => TaskPriorityBits,
            ApicRegister.EndOfInterrupt => 0,
            ApicRegister.LogicalDestination when !extended => uint.MaxValue << IdShift,
            ApicRegister.DestinationFormat when !extended => ~DestinationFormatFixed,
            ApicRegister.SpuriousVector => SpuriousVectorBits,
            ApicRegister.ErrorStatus => 0,
            ApicRegister.InterruptCommand when !extended => CommandBits,
            ApicRegister.InterruptCommandHigh when !extended => uint.MaxValue << IdShift,
            >= ApicRegister.LocalTimer and <= ApicRegister.LocalError => LocalVectorBits(register),
            ApicRegister.InitialCount => uint.MaxValue,
            ApicRegister.DivideConfiguration => DivideBits,
            ApicRegister.SelfIpi when extended => VectorMask,
            _ => null,
        };
    }

    /// <summary>Writes a register of 32 bits with what <see cref="WritableBits"/> lets through.</summary>
    private void Store(ApicRegister register, uint value)
    {
        Advance();
        switch (register)
        {
            case ApicRegister.TaskPriority:
                State.TaskPriority = value;
                break;
            case ApicRegister.EndOfInterrupt:
                EndInterrupt();
                break;
            case ApicRegister.LogicalDestination:
                State.LogicalDestination = value;
                break;
            case ApicRegister.DestinationFormat:
                State.DestinationFormat = value | DestinationFormatFixed;
                break;
            case ApicRegister.SpuriousVector:
                WriteSpuriousVector(value);
                break;
            case ApicRegister.ErrorStatus:
                State.ErrorStatus = State.PendingErrors;
                State.PendingErrors = 0;
                break;
            case ApicRegister.InterruptCommand:
                State.InterruptCommand = State.InterruptCommand & ~(ulong)uint.MaxValue | value;
                Send(State.InterruptCommand);
                break;
            case ApicRegister.InterruptCommandHigh:
                State.InterruptCommand = (uint)State.InterruptCommand | (ulong)value << 32;
                break;
            case ApicRegister.InitialCount:
                WriteInitialCount(value);
                break;
            case ApicRegister.DivideConfiguration:
                WriteDivideConfiguration(value);
                break;
            case ApicRegister.SelfIpi:
                SendToSelf(value);
                break;
            default:
                WriteLocalVector(register, value);
                break;
        }

        Refresh();
    }

    /// <summary>While software keeps the APIC disabled, every local vector is masked. SDM vol. 3A, 10.4.7.2.</summary>
    private void WriteSpuriousVector(uint value)
    {
        State.SpuriousVector = value;
        if (IsSoftwareEnabled)
            return;
        for (int i = 0; i < LocalVectors.Count; i++)
            State.Local[i] |= ApicBits.Masked;
    }

    private void WriteLocalVector(ApicRegister register, uint value)
    {
        if (!IsSoftwareEnabled)
            value |= ApicBits.Masked;
        if (register == ApicRegister.LocalTimer)
            WriteLocalTimer(value);
        else
            State.Local[LocalIndex(register)] = value;
    }
}
