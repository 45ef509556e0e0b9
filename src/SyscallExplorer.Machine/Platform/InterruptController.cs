namespace SyscallExplorer.Machine;

/// <summary>
/// One 8259A: eight lines by edges, fully nested priorities, of which line 0 is the highest. Intel, 8259A Programmable Interrupt Controller data sheet, no. 231468.
/// </summary>
/// <remarks>Level-triggered lines, rotating priorities, the special mask mode and polling are not built: no kernel of the kit asks for them.</remarks>
internal struct InterruptController
{
    private const int Initialize = 0x10, NeedsIcw4 = 1, IsSingle = 2, AutomaticEnd = 2, ReadCommand = 8, SelectRegister = 2, SelectInService = 1;
    private const int EndOfInterrupt = 0x20, IsSpecific = 0x40, Rotates = 0x80, LineMask = 7;

    private byte _requested;
    private byte _inService;
    private byte _mask;
    private byte _base;
    private byte _icw1;
    private byte _icw4;

    /// <summary>Which initialization word comes next at the odd port; 0 is the mask.</summary>
    private byte _next;
    private bool _readsInService;

    /// <summary>The line that asks for the processor now, or -1.</summary>
    public readonly int Pending
    {
        get
        {
            int waiting = _requested & ~_mask;
            int serviced = _inService == 0 ? LineMask + 1 : System.Numerics.BitOperations.TrailingZeroCount(_inService);
            int line = waiting == 0 ? LineMask + 1 : System.Numerics.BitOperations.TrailingZeroCount(waiting);
            return line < serviced ? line : -1;
        }
    }

    /// <summary>Whether an edge on a line would ask for the processor.</summary>
    public readonly bool Listens(int line) => (_mask & (1 << line)) == 0 && (_inService & ((2 << line) - 1)) == 0;

    /// <summary>An edge on a line; it is remembered until it is acknowledged.</summary>
    public void Raise(int line) => _requested |= (byte)(1 << line);

    /// <summary>Takes a request back that was not acknowledged.</summary>
    public void Lower(int line) => _requested &= (byte)~(1 << line);

    /// <summary>The two cycles of INTA.</summary>
    /// <returns>The vector.</returns>
    public byte Acknowledge(int line)
    {
        Lower(line);
        if ((_icw4 & AutomaticEnd) == 0)
            _inService |= (byte)(1 << line);
        return (byte)(_base | line);
    }

    /// <summary>IN from one of the two ports.</summary>
    public readonly byte Read(bool odd) => odd ? _mask : _readsInService ? _inService : _requested;

    /// <summary>OUT to one of the two ports.</summary>
    public void Write(bool odd, byte value)
    {
        if (odd)
            WriteOdd(value);
        else if ((value & Initialize) != 0)
            this = new InterruptController { _icw1 = value, _next = 2 };
        else if ((value & ReadCommand) != 0)
            _readsInService = (value & SelectRegister) != 0 ? (value & SelectInService) != 0 : _readsInService;
        else if ((value & (EndOfInterrupt | Rotates)) == EndOfInterrupt)
            _inService &= (byte)~((value & IsSpecific) != 0 ? 1 << (value & LineMask) : _inService & -_inService);
    }

    private void WriteOdd(byte value)
    {
        switch (_next)
        {
            case 2:
                _base = (byte)(value & ~LineMask);
                _next = (byte)((_icw1 & IsSingle) == 0 ? 3 : (_icw1 & NeedsIcw4) != 0 ? 4 : 0);
                break;
            case 3:
                _next = (byte)((_icw1 & NeedsIcw4) != 0 ? 4 : 0);
                break;
            case 4:
                _icw4 = value;
                _next = 0;
                break;
            default:
                _mask = value;
                break;
        }
    }
}
